import { constants, verify } from 'node:crypto';
import { ENGINE } from './engine.ts';
import { keyObjectOf, type TufKey } from './public-key.ts';

/** Whether `signature` over exactly `bytes` was made with `key`. Never throws on bad signatures. */
export function isSignedBy(key: TufKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (key.keytype === 'ed25519') return ENGINE.verify(key.keyval.public, bytes, signature);
  const platformKey = keyObjectOf(key);
  try {
    return key.keytype === 'rsa'
      ? verify('sha256', bytes, { key: platformKey, ...PSS }, signature)
      : verify('sha256', bytes, platformKey, signature);
  } catch {
    return false; // a signature that is not DER is a wrong signature, not a broken program
  }
}

/** Salt of any length, as all TUF clients: some signers use the digest's, some the longest. */
const PSS = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_AUTO,
} as const;
