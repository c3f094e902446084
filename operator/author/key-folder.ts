import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { createDurably } from '../workspace/durable-file.ts';
import { isMissing, readIfThere } from '../workspace/read-file.ts';
import { keyFileBytes, parseKeyFile, type KeyFile } from './key-file.ts';
import { parseSignerFile, signerFileBytes, type SignerFile } from './signer-file.ts';

const KEY_SUFFIX = '.key.json';
const SIGNER_SUFFIX = '.signer.json';
const MAX_BYTES = 16_384;

/** A file of the keys folder, and where it lies. */
export interface Stored<T> {
  readonly path: string;
  readonly file: T;
}

/** A key of the workspace and the file it lies in. */
export type StoredKey = Stored<KeyFile>;

/** A signer of the workspace and the file that names it. */
export type StoredSigner = Stored<SignerFile>;

/** Where a key of this name lies. */
export function keyPath(folder: string, name: string): string {
  return join(folder, `${name}${KEY_SUFFIX}`);
}

/** Where the signer of this name is written down. */
export function signerPath(folder: string, name: string): string {
  return join(folder, `${name}${SIGNER_SUFFIX}`);
}

/** Stores a new key, for its owner only. A key that is there is never overwritten. */
export async function createKey(folder: string, file: KeyFile): Promise<string> {
  await requireFreeName(folder, file.name);
  return create(keyPath(folder, file.name), keyFileBytes(file));
}

/** Writes down a new signer, for its owner only. */
export async function createSigner(folder: string, file: SignerFile): Promise<string> {
  await requireFreeName(folder, file.name);
  return create(signerPath(folder, file.name), signerFileBytes(file));
}

/** A name is of one key: neither a key file nor a signer has it yet. */
export async function requireFreeName(folder: string, name: string): Promise<void> {
  const taken = await Promise.all(
    [keyPath(folder, name), signerPath(folder, name)].map(async (path) =>
      (await readIfThere(path, MAX_BYTES)) === undefined ? [] : [path],
    ),
  );
  const [path] = taken.flat();
  if (path !== undefined) throw new Failure('key_exists', `${path} is already there`);
}

/** Every key file, by name. One damaged file fails them all: it must not go unseen. */
export async function listKeys(folder: string): Promise<readonly StoredKey[]> {
  return readAll(folder, KEY_SUFFIX, parseKeyFile);
}

/** Every signer, by name, in the same way. */
export async function listSigners(folder: string): Promise<readonly StoredSigner[]> {
  return readAll(folder, SIGNER_SUFFIX, parseSignerFile);
}

async function readAll<T>(
  folder: string,
  suffix: string,
  parse: (path: string, bytes: Uint8Array) => T,
): Promise<readonly Stored<T>[]> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith(suffix)).sort();
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { path, file: parse(path, await readPrivate(path)) };
    }),
  );
}

/** Only its owner may read a key, or say which program is run in place of one. */
async function readPrivate(path: string): Promise<Uint8Array> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new Failure('key_file_exposed', `${path} is open to others than its owner`);
  }
  const bytes = await readIfThere(path, MAX_BYTES);
  if (bytes === undefined) throw new Failure('key_missing', `${path} is gone`);
  return bytes;
}

async function create(path: string, bytes: Uint8Array): Promise<string> {
  try {
    await createDurably(path, bytes);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw new Failure('key_exists', `${path} is already there`, { cause });
    }
    throw cause;
  }
  return path;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}
