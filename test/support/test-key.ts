import { createHash } from 'node:crypto';
import { signerFromSeed, type Signer } from '../../shared/crypto/signer.ts';

const made = new Map<string, Signer>();

/** The same key for the same name in every run. For tests only: its seed is no secret. */
export function testKey(name: string): Signer {
  const known = made.get(name);
  if (known !== undefined) return known;
  const seed = createHash('sha256').update(`sealift test key ${name}`).digest();
  const signer = signerFromSeed(seed);
  made.set(name, signer);
  return signer;
}
