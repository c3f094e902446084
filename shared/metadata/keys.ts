import * as z from 'zod/mini';
import { PublicKeySchema, type PublicKey } from '../crypto/public-key.ts';
import { LIMITS } from './limits.ts';

/**
 * `keys` of root and of delegations, by keyid. A kind of key that we do not know is left out, not
 * refused: it simply cannot count toward a threshold (TUF 4.3 asks clients to go on).
 */
export const KeysById = z.pipe(
  z
    .record(z.string(), z.unknown())
    .check(z.refine((keys) => Object.keys(keys).length <= LIMITS.keys, 'too many keys')),
  z.transform(usableKeys),
);
export type KeysById = ReadonlyMap<string, PublicKey>;

function usableKeys(keys: Record<string, unknown>): KeysById {
  const usable = new Map<string, PublicKey>();
  for (const [keyId, key] of Object.entries(keys)) {
    const parsed = PublicKeySchema.safeParse(key);
    if (parsed.success) usable.set(keyId, parsed.data);
  }
  return usable;
}
