// Stands in for shared/crypto/ed25519.ts while mutants run: the same answers from node:crypto, ten
// times faster (test/shared/crypto/vectors.test.ts holds both to the same verdicts).
import { createPublicKey, randomBytes } from 'node:crypto';
import {
  nativePrivateKey,
  nativePublicKey,
  nativeSign,
  nativeVerify,
} from '../../shared/crypto/native-ed25519.ts';

export function newSeed(): Uint8Array {
  return randomBytes(32);
}

export function publicHexOf(seed: Uint8Array): string {
  const publicKey = createPublicKey(nativePrivateKey(seed));
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(12).toString('hex');
}

export function signEd25519(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return nativeSign(nativePrivateKey(seed), message);
}

export function verifyEd25519(
  publicHex: string,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return nativeVerify(nativePublicKey(publicHex), message, signature);
}

export function isUsableEd25519Key(publicHex: string): boolean {
  return /^[0-9a-f]{64}$/.test(publicHex);
}
