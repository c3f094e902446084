import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Restore } from '../../shared/release/restore.ts';
import { modeBits, treeDigest, type TreeEntry } from '../../shared/release/tree-digest.ts';
import type { AfterRead } from '../drift/read-budget.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { flushFolder, hasCode } from './durable-file.ts';
import { readAttributes } from './extended-attributes.ts';
import { BUFFER_BYTES, hashInto, newHash } from './hash-file.ts';

/** What to do with each file on the way: only read it, or flush it to disk first. */
export type Measuring = 'read' | 'flush';

/** The digest of what stands in a slot, read back from disk; `flush` makes it durable as well. */
export async function measureTree(slot: string, measuring: Measuring): Promise<string> {
  return treeDigest(await readTree(slot, { measuring }));
}

/** What a slot is measured for, and how. */
export interface HowToRead {
  readonly measuring: Measuring;
  readonly restore?: Restore | undefined;
  readonly afterRead?: AfterRead | undefined;
}

/** Everything that stands in a slot. */
export async function readTree(slot: string, how: HowToRead): Promise<readonly TreeEntry[]> {
  const { measuring, restore = [], afterRead } = how;
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  const entries: TreeEntry[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of await readdir(join(slot, folder))) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const entry = await measure(slot, path, { measuring, restore, buffer, afterRead });
      entries.push(entry);
      if (entry.kind === 'folder') folders.push(path);
    }
    if (measuring === 'flush') await flushFolder(join(slot, folder));
  }
  if (!restore.includes('xattrs')) return entries;
  const attributes = await readAttributes(slot);
  return entries.map((entry) => ({ ...entry, xattrs: attributes.get(entry.path) ?? [] }));
}

/** Everything that stands there, only read; undefined when there is no such folder. */
export async function readTreeIfThere(
  slot: string,
  how: Omit<HowToRead, 'measuring'>,
): Promise<readonly TreeEntry[] | undefined> {
  try {
    return await readTree(slot, { ...how, measuring: 'read' });
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    throw cause;
  }
}

interface HowToMeasure extends HowToRead {
  readonly restore: Restore;
  readonly buffer: Buffer;
}

async function measure(
  slot: string,
  path: string,
  { measuring, restore, buffer, afterRead }: HowToMeasure,
): Promise<TreeEntry> {
  const at = join(slot, path);
  const stats = await lstat(at);
  const mode = stats.mode & modeBits(restore);
  const owner = restore.includes('owners') ? ([stats.uid, stats.gid] as const) : undefined;
  if (stats.isDirectory()) return { kind: 'folder', path, mode, owner };
  if (stats.isSymbolicLink()) {
    return { kind: 'symlink', path, target: await readlink(at), owner };
  }
  if (!stats.isFile() || mode !== (stats.mode & 0o7777)) {
    throw new Refusal('installed_digest_mismatch', `${path} is nothing that a release can hold`);
  }
  const file = await open(at, 'r');
  try {
    if (measuring === 'flush') await file.sync();
    const hash = newHash();
    await hashInto(hash, file, buffer, afterRead);
    return { kind: 'file', path, mode, sha256: hash.digest('hex'), owner };
  } finally {
    await file.close();
  }
}
