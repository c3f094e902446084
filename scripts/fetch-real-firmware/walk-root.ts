import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { linkInside } from './link-inside.ts';

/** One thing of the root that goes into the archive; `path` is relative to the root. */
export type RootEntry =
  | { readonly type: 'Directory'; readonly path: string; readonly mode: number }
  | {
      readonly type: 'File';
      readonly path: string;
      readonly mode: number;
      readonly size: number;
      readonly changedAt: Date;
    }
  | { readonly type: 'SymbolicLink'; readonly path: string; readonly linkpath: string };

/** Everything below `root` that a slot may hold, parents first, sorted by name. */
export async function* walkRoot(root: string, folder = ''): AsyncGenerator<RootEntry> {
  const children = await readdir(join(root, folder), { withFileTypes: true });
  for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = posix.join(folder, child.name);
    const entry = await readEntry(root, path, child);
    if (entry !== undefined) yield entry;
    if (entry?.type === 'Directory') yield* walkRoot(root, path);
  }
}

async function readEntry(
  root: string,
  path: string,
  child: Dirent,
): Promise<RootEntry | undefined> {
  if (child.isSymbolicLink()) {
    return { type: 'SymbolicLink', path, linkpath: await linkInside(root, path) };
  }
  const { mode, size, mtime } = await lstat(join(root, path));
  // Without setuid, setgid and sticky bits: an installer refuses a program that runs as root.
  const permissions = mode & 0o777;
  if (child.isDirectory()) return { type: 'Directory', path, mode: permissions };
  if (child.isFile()) return { type: 'File', path, mode: permissions, size, changedAt: mtime };
  return undefined; // device nodes, pipes and sockets are made at run time, by the kernel and udev
}

/** When the youngest file below `root` was changed. */
export async function newestChange(root: string): Promise<Date> {
  let newest = new Date(0);
  for await (const entry of walkRoot(root)) {
    if (entry.type === 'File' && entry.changedAt > newest) newest = entry.changedAt;
  }
  return newest;
}
