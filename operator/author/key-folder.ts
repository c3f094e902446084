import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { createDurably } from '../workspace/durable-file.ts';
import { isMissing, readIfThere } from '../workspace/read-file.ts';
import { keyFileBytes, parseKeyFile, type KeyFile } from './key-file.ts';

const SUFFIX = '.key.json';
const MAX_BYTES = 16_384;

/** A key of the workspace and the file it lies in. */
export interface StoredKey {
  readonly path: string;
  readonly file: KeyFile;
}

/** Where a key of this name lies. */
export function keyPath(folder: string, name: string): string {
  return join(folder, `${name}${SUFFIX}`);
}

/** Stores a new key, for its owner only. A key that is there is never overwritten. */
export async function createKey(folder: string, file: KeyFile): Promise<string> {
  const path = keyPath(folder, file.name);
  try {
    await createDurably(path, keyFileBytes(file));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw new Failure('key_exists', `${path} is already there`, { cause });
    }
    throw cause;
  }
  return path;
}

/** Every key of the workspace, by name. One damaged file fails them all: it must not go unseen. */
export async function listKeys(folder: string): Promise<readonly StoredKey[]> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith(SUFFIX)).sort();
  return Promise.all(names.map((name) => readKey(join(folder, name))));
}

/** One key by its name, or undefined. */
export async function findKey(folder: string, name: string): Promise<StoredKey | undefined> {
  const path = keyPath(folder, name);
  const bytes = await readIfThere(path, MAX_BYTES);
  return bytes === undefined ? undefined : readKey(path);
}

async function readKey(path: string): Promise<StoredKey> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new Failure('key_file_exposed', `${path} can be read by others than its owner`);
  }
  const bytes = await readIfThere(path, MAX_BYTES);
  if (bytes === undefined) throw new Failure('key_missing', `${path} is gone`);
  return { path, file: parseKeyFile(path, bytes) };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isMissing(cause)) return [];
    throw cause;
  }
}
