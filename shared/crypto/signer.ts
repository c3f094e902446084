import { publicHexOf, signEd25519 } from './ed25519.ts';
import { nativePrivateKey, nativeSign } from './native-ed25519.ts';
import { ed25519Key, keyIdOf, type PublicKey } from './public-key.ts';

/** Something that can sign: a key in memory today, a hardware token or a KMS behind the same shape. */
export interface Signer {
  readonly keyId: string;
  readonly publicKey: PublicKey;
  readonly sign: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

/** Signs with noble: the same code on every Node build, in FIPS mode and in a browser. */
export function signerFromSeed(seed: Uint8Array): Signer {
  const publicKey = ed25519Key(publicHexOf(seed));
  return { keyId: keyIdOf(publicKey), publicKey, sign: (bytes) => signEd25519(seed, bytes) };
}

/** The same signatures from `node:crypto`, ten times faster: for keys that sign all day. */
export function nativeSignerFromSeed(seed: Uint8Array): Signer {
  const { keyId, publicKey } = signerFromSeed(seed);
  const key = nativePrivateKey(seed);
  return { keyId, publicKey, sign: (bytes) => nativeSign(key, bytes) };
}
