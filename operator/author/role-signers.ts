import { keyMaterial } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import type { RoleKeys } from '../../shared/metadata/fields.ts';
import type { KeysById } from '../../shared/metadata/keys.ts';
import { Failure } from '../failure.ts';
import type { StoredKey } from './key-folder.ts';
import type { Vault } from './vault.ts';

/**
 * As many of our keys as the role's threshold asks for, opened. Which keys may sign is what verified
 * metadata says, not what a key file says of itself.
 */
export async function openSignersFor(
  name: string,
  role: RoleKeys,
  keys: KeysById,
  { stored, vault }: { readonly stored: readonly StoredKey[]; readonly vault: Vault },
): Promise<readonly Signer[]> {
  const usable = keysOfRole(role, keys, stored).slice(0, role.threshold);
  if (usable.length < role.threshold) {
    throw new Failure(
      'key_missing',
      `${name} needs ${role.threshold} of its keys, this workspace holds ${usable.length}`,
    );
  }
  const signers: Signer[] = [];
  for (const { file } of usable) signers.push(await vault.open(file));
  return signers;
}

/** Our keys that count for the role: each key once, whatever files it lies in. */
export function keysOfRole(
  role: RoleKeys,
  keys: KeysById,
  stored: readonly StoredKey[],
): readonly StoredKey[] {
  const allowed = new Set(
    role.keyids.flatMap((id) => {
      const key = keys.get(id);
      return key === undefined ? [] : [keyMaterial(key)];
    }),
  );
  const byMaterial = new Map(
    stored
      .filter(({ file }) => allowed.has(keyMaterial(file.publicKey)))
      .map((key) => [keyMaterial(key.file.publicKey), key] as const),
  );
  return [...byMaterial.values()];
}
