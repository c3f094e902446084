import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { signerFromSeed, type Signer } from '../../shared/crypto/signer.ts';
import { ONLINE_ROLES, type OnlineRole } from './online-keys.ts';

/** A private key of this server, the one role it was made for, and where it lies. */
export interface HeldKey {
  readonly role: OnlineRole;
  readonly signer: Signer;
  readonly path: string;
}

const KeyFile = z.strictObject({
  keytype: z.literal('ed25519'),
  seed: z.string().regex(/^[0-9a-f]{64}$/),
  /** In files that are named by key id; those of the first start are named by their role. */
  role: z.enum(ONLINE_ROLES).optional(),
});

/** Makes the folder, readable by the owner only. */
export async function makeKeyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}

/** Every key in the folder, those of the first start first. What is not named like a key is not one. */
export async function readKeyFolder(folder: string): Promise<readonly HeldKey[]> {
  const names = (await readdir(folder)).sort();
  const first = ONLINE_ROLES.filter((role) => names.includes(firstName(role)));
  const keys = await Promise.all(first.map((role) => readFirstKey(folder, role)));
  const later = await Promise.all(
    names.filter((name) => BY_KEY_ID.test(name)).map((name) => readKey(join(folder, name))),
  );
  return [...keys.filter((key) => key !== undefined), ...later];
}

/** The key that was made for this role at the first start, unless it is not there. */
export async function readFirstKey(folder: string, role: OnlineRole): Promise<HeldKey | undefined> {
  const path = join(folder, firstName(role));
  const text = await readIfThere(path);
  return text === undefined ? undefined : { role, signer: (await parse(path, text)).signer, path };
}

/** Stores the key of the first start for a role. */
export async function writeFirstKey(
  folder: string,
  role: OnlineRole,
  seed: Uint8Array,
): Promise<HeldKey> {
  return writeKey(join(folder, firstName(role)), seed, role, {});
}

/** Stores a further key for a role, under its key id. */
export async function writeNextKey(
  folder: string,
  role: OnlineRole,
  seed: Uint8Array,
): Promise<HeldKey> {
  const { keyId } = signerFromSeed(seed);
  return writeKey(join(folder, `${keyId}.json`), seed, role, { role });
}

/** Forgets a key for ever. */
export async function removeKey({ path }: HeldKey): Promise<void> {
  await rm(path, { force: true });
}

const BY_KEY_ID = /^[0-9a-f]{64}\.json$/;

function firstName(role: OnlineRole): string {
  return `${role.replace('/', '-')}.json`;
}

async function readKey(path: string): Promise<HeldKey> {
  const { signer, role } = await parse(path, await readFile(path, 'utf8'));
  if (role === undefined || !path.endsWith(`${signer.keyId}.json`)) throw notAKey(path);
  return { role, signer, path };
}

async function parse(
  path: string,
  text: string,
): Promise<{ readonly signer: Signer; readonly role: OnlineRole | undefined }> {
  await chmod(path, 0o600); // a copy or a restore may have opened it to others
  const parsed = KeyFile.safeParse(jsonOf(text));
  if (!parsed.success) throw notAKey(path);
  const { seed, role } = parsed.data;
  return { signer: signerFromSeed(Buffer.from(seed, 'hex')), role };
}

/** Never replaced by a new key: the roots that name the old one would no longer fit. */
function notAKey(path: string): Error {
  return new Error(`${path} is not a key file; restore it from your backup`);
}

async function writeKey(
  path: string,
  seed: Uint8Array,
  role: OnlineRole,
  more: { readonly role?: OnlineRole },
): Promise<HeldKey> {
  const hex = Buffer.from(seed).toString('hex');
  await writeSecret(path, `${JSON.stringify({ keytype: 'ed25519', seed: hex, ...more })}\n`);
  return { role, signer: signerFromSeed(seed), path };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Written aside, flushed, renamed: a power cut leaves no key or a whole one. */
async function writeSecret(path: string, text: string): Promise<void> {
  const aside = `${path}.partial`;
  const file = await open(aside, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  await syncFolder(join(path, '..'));
}

/** The name too: a root may name this key as soon as its public half was told. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema says what is wrong
  }
}
