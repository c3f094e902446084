import { createHash } from 'node:crypto';
import { signerFromSeed, type Signer } from '../../shared/crypto/signer.ts';

/** The same key for the same name in every run. For tests only: its seed is no secret. */
export function testKey(name: string): Signer {
  return signerFromSeed(createHash('sha256').update(`sealift test key ${name}`).digest());
}
