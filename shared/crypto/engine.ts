import { createPublicKey } from 'node:crypto';
import { isUsableEd25519Key, publicHexOf, signEd25519, verifyEd25519 } from './ed25519.ts';
import { nativePrivateKey, nativePublicKey, nativeSign, nativeVerify } from './native-ed25519.ts';

/** Somebody who can do Ed25519. Both give the same bytes and the same verdicts, for any input. */
export interface Ed25519Engine {
  /** The public key of a seed, in lower-case hex. */
  readonly publicHexOf: (seed: Uint8Array) => string;
  /** Makes 64-byte signatures (RFC 8032, pure) with that seed. */
  readonly signWith: (seed: Uint8Array) => (message: Uint8Array) => Uint8Array;
  /** Whether the holder of `publicHex` made it. False under keys that are none. */
  readonly verify: (publicHex: string, message: Uint8Array, signature: Uint8Array) => boolean;
}

/** Pure JavaScript: the same on every Node build. Its tables cost 3 MB, and it is ten times slower. */
export const NOBLE: Ed25519Engine = {
  publicHexOf,
  signWith: (seed) => (message) => signEd25519(seed, message),
  verify: (publicHex, message, signature) =>
    isUsableEd25519Key(publicHex) && verifyEd25519(publicHex, message, signature),
};

/** The platform's. It accepts signatures under points that are no keys, so those are sorted out first. */
export const PLATFORM: Ed25519Engine = {
  publicHexOf: (seed) => {
    const { x = '' } = createPublicKey(nativePrivateKey(seed)).export({ format: 'jwk' });
    return Buffer.from(x, 'base64url').toString('hex');
  },
  signWith: (seed) => {
    const key = nativePrivateKey(seed);
    return (message) => nativeSign(key, message);
  },
  verify: (publicHex, message, signature) =>
    isUsableEd25519Key(publicHex) && nativeVerify(nativePublicKey(publicHex), message, signature),
};

/** The platform's where it has Ed25519: FIPS modules may know only other curves. */
export function pickEngine(platform: Ed25519Engine): Ed25519Engine {
  try {
    platform.signWith(new Uint8Array(32))(new Uint8Array());
    return platform;
  } catch {
    return NOBLE;
  }
}

/** What this program signs and verifies with. */
export const ENGINE = pickEngine(PLATFORM);
