import type { HeldKey } from './held-key.ts';
import { listKeys, type StoredKey } from './key-folder.ts';
import type { Vault } from './vault.ts';

/** What opening keys takes in one command. */
export interface KeyOpening {
  readonly vault: Pick<Vault, 'open'>;
}

/** Every key of the workspace, by name. One damaged file fails them all: it must not go unseen. */
export async function listHeldKeys(
  folder: string,
  opening: KeyOpening,
): Promise<readonly HeldKey[]> {
  return (await listKeys(folder)).map((stored) => heldInFile(stored, opening));
}

/** A key in an encrypted file of the keys folder. */
export function heldInFile({ path, file }: StoredKey, { vault }: KeyOpening): HeldKey {
  const { name, role, createdAt, publicKey } = file;
  const open = async (): ReturnType<Vault['open']> => vault.open(file);
  return { name, role, createdAt, publicKey, source: 'file', path, open };
}
