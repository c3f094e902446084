import { keyMaterial } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import type { RoleKeys } from '../../shared/metadata/fields.ts';
import type { KeysById } from '../../shared/metadata/keys.ts';
import { Failure } from '../failure.ts';
import type { HeldKey } from './held-key.ts';

/**
 * As many of our keys as the role's threshold asks for, opened. Which keys may sign is what verified
 * metadata says, not what a key file says of itself.
 */
export async function openSignersFor(
  name: string,
  role: RoleKeys,
  keys: KeysById,
  held: readonly HeldKey[],
): Promise<readonly Signer[]> {
  const usable = keysOfRole(role, keys, held).slice(0, role.threshold);
  if (usable.length < role.threshold) {
    throw new Failure(
      'key_missing',
      `${name} needs ${role.threshold} of its keys, this workspace holds ${usable.length}`,
    );
  }
  return openEach(usable);
}

/** Their signers. One after the other: two questions for a PIN at once could not be answered. */
export async function openEach(keys: readonly HeldKey[]): Promise<readonly Signer[]> {
  const signers: Signer[] = [];
  for (const key of keys) signers.push(await key.open());
  return signers;
}

/** Our keys that count for the role: each key once, whatever files it lies in. */
export function keysOfRole(
  role: RoleKeys,
  keys: KeysById,
  held: readonly HeldKey[],
): readonly HeldKey[] {
  const allowed = new Set(
    role.keyids.flatMap((id) => {
      const key = keys.get(id);
      return key === undefined ? [] : [keyMaterial(key)];
    }),
  );
  const byMaterial = new Map(
    held
      .filter(({ publicKey }) => allowed.has(keyMaterial(publicKey)))
      .map((key) => [keyMaterial(key.publicKey), key] as const),
  );
  return [...byMaterial.values()];
}
