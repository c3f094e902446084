import { createPublicKey, verify } from 'node:crypto';
import { verifyEd25519 } from './ed25519.ts';
import type { PublicKey } from './public-key.ts';

/** Whether `signature` over exactly `bytes` was made with `key`. Never throws on bad signatures. */
export function isSignedBy(key: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (key.keytype === 'ed25519') return verifyEd25519(key.keyval.public, bytes, signature);
  try {
    return verify('sha256', bytes, createPublicKey(key.keyval.public), signature);
  } catch {
    return false; // a signature that is not DER is a wrong signature, not a broken program
  }
}
