import type { PublicKey } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { parseSignerUri } from '../signers/signer-uri.ts';
import type { HeldKey } from './held-key.ts';
import { listKeys, listSigners, type StoredKey, type StoredSigner } from './key-folder.ts';
import type { Vault } from './vault.ts';

/** What opening keys takes in one command. */
export interface KeyOpening {
  readonly vault: Pick<Vault, 'open'>;
  /** The signer at a URI, if it still has the key that was added. */
  readonly openSigner: (uri: string, added: PublicKey) => Promise<Signer>;
}

/** Every key of the workspace, by name. One damaged file fails them all: it must not go unseen. */
export async function listHeldKeys(
  folder: string,
  opening: KeyOpening,
): Promise<readonly HeldKey[]> {
  const inFiles = (await listKeys(folder)).map((stored) => heldInFile(stored, opening));
  const elsewhere = (await listSigners(folder)).map((stored) => heldElsewhere(stored, opening));
  return [...inFiles, ...elsewhere].sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** A key in an encrypted file of the keys folder. */
export function heldInFile(
  { path, file }: StoredKey,
  { vault }: Pick<KeyOpening, 'vault'>,
): HeldKey {
  const { name, role, createdAt, publicKey } = file;
  const open = async (): Promise<Signer> => vault.open(file);
  return { name, role, createdAt, publicKey, source: 'file', path, open };
}

/** A key whose private half a signer keeps. */
function heldElsewhere(
  { path, file }: StoredSigner,
  { openSigner }: Pick<KeyOpening, 'openSigner'>,
): HeldKey {
  const { name, role, createdAt, publicKey, uri } = file;
  const open = async (): Promise<Signer> => openSigner(uri, publicKey);
  const source = parseSignerUri(uri).scheme;
  return { name, role, createdAt, publicKey, source, uri, path, open };
}
