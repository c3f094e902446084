import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { newKeyName } from '../author/ceremony/new-key-name.ts';
import { publicKeyFile, readPublicKeyFile } from '../author/ceremony/public-key-file.ts';
import type { RoleName } from '../author/ceremony/role-name.ts';
import { listHeldKeys } from '../author/held-key-folder.ts';
import type { HeldKey } from '../author/held-key.ts';
import { createKey, createSigner } from '../author/key-folder.ts';
import { makeKeys } from '../author/make-keys.ts';
import { Failure } from '../failure.ts';
import { firstSigner } from '../signers/open-signer.ts';
import { storableUri } from '../signers/signer-uri.ts';
import { readNamed } from '../workspace/read-file.ts';
import type { CommandKeys } from './key-opening.ts';
import type { Session } from './session.ts';

/** Where a key that a role is to get comes from: at most one of these. */
export interface NewKeyOptions {
  readonly publicKey?: string;
  readonly signer?: string;
  readonly heldKey?: string;
}

interface Making {
  readonly session: Session;
  readonly opening: CommandKeys;
  readonly role: RoleName;
}

const MAX_FILE_BYTES = 65_536;

/** The key that was named, proven to be held by somebody; undefined when none was. */
export async function namedKey(
  making: Making,
  { publicKey, signer, heldKey }: NewKeyOptions,
): Promise<PublicKey | undefined> {
  const given = [publicKey, signer, heldKey].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw new Failure('wrong_usage', 'give one of --public-key, --signer and --held-key');
  }
  if (publicKey !== undefined) {
    return readPublicKeyFile(publicKey, await readNamed(publicKey, MAX_FILE_BYTES)).publicKey;
  }
  if (signer !== undefined) return addSigner(making, signer);
  return heldKey === undefined ? undefined : (await keyCalled(making, heldKey)).publicKey;
}

/** A new key in a file of this workspace. */
export async function makeKeyFile(
  { session, opening, role }: Making,
  called?: string,
): Promise<{ readonly name: string; readonly path: string; readonly publicKey: PublicKey }> {
  const { workspace, world } = session;
  const name = called ?? (await freeName({ session, opening, role }));
  session.progress(`making the key ${name}`);
  const making = { vault: opening.vault, random: world.random, now: world.now() };
  const [made] = await makeKeys(name, role, 1, making);
  if (made === undefined) throw new Error('bug: one key was asked for');
  const path = await createKey(workspace.keysFolder, made.file);
  return { name, path, publicKey: made.signer.publicKey };
}

/** A key of this workspace by its name. */
export async function keyCalled(
  { session, opening }: Omit<Making, 'role'>,
  name: string,
): Promise<HeldKey> {
  const held = await listHeldKeys(session.workspace.keysFolder, opening);
  const key = held.find((each) => each.name === name);
  if (key !== undefined) return key;
  throw new Failure('key_missing', `this workspace has no key ${name}`);
}

/** A key that lies elsewhere: added here once it has signed for itself. */
async function addSigner(making: Making, uri: string): Promise<PublicKey> {
  const { session, opening, role } = making;
  const { workspace, world } = session;
  const stored = storableUri(uri);
  const signer = await firstSigner(stored, opening.signerWorld);
  const name = await freeName(making);
  await publicKeyFile({ name, role }, signer); // every signature is verified on the way
  const { publicKey } = signer;
  const createdAt = world.now().toISOString();
  const schema = 'sealift.signer/1';
  await createSigner(workspace.keysFolder, {
    schema,
    name,
    role,
    createdAt,
    uri: stored,
    publicKey,
  });
  return publicKey;
}

async function freeName({ session, opening, role }: Making): Promise<string> {
  const held = await listHeldKeys(session.workspace.keysFolder, opening);
  return newKeyName(role, session.world.now(), new Set(held.map(({ name }) => name)));
}
