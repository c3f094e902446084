import * as z from 'zod/mini';
import { PublicKeySchema, type TufKey } from '../crypto/public-key.ts';
import { LIMITS } from './limits.ts';

/**
 * `keys` of root and of delegations, by keyid. A kind of key that we do not know is left out, not
 * refused: it simply cannot count toward a threshold (TUF 4.3 asks clients to go on).
 */
export const KeysById = keysOfKind(PublicKeySchema);
export type KeysById = ReadonlyMap<string, TufKey>;
type KeysSchema = z.ZodMiniType<KeysById, Record<string, unknown>>;

/** The same for keys of another kind: the repositories of others have more (foreign.ts). */
export function keysOfKind(kind: z.ZodMiniType<TufKey>): KeysSchema {
  return z.pipe(
    z
      .record(z.string(), z.unknown())
      .check(z.refine((keys) => Object.keys(keys).length <= LIMITS.keys, 'too many keys')),
    z.transform((keys): KeysById => usableKeys(kind, keys)),
  );
}

function usableKeys(kind: z.ZodMiniType<TufKey>, keys: Record<string, unknown>): KeysById {
  const usable = new Map<string, TufKey>();
  for (const [keyId, key] of Object.entries(keys)) {
    const parsed = kind.safeParse(key);
    if (parsed.success) usable.set(keyId, parsed.data);
  }
  return usable;
}
