import { createHash } from 'node:crypto';
import type { Restore, Rights } from './restore.ts';

/** One thing in an unpacked archive. `path` is relative, with `/`, and never begins with `./`. */
export type TreeEntry = Rights &
  (
    | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
    | {
        readonly kind: 'file';
        readonly path: string;
        readonly mode: number;
        readonly sha256: string;
      }
    | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  );

/**
 * The digest of a whole tree: the same for the author who reads a tar and for the device that reads
 * its slot, whatever the order of the entries and their times.
 *
 * One line an entry, sorted by the bytes of the path, each part JSON-quoted so that no name can look
 * like another line. The mode is the nine permission bits. A release that has something restored has
 * a second form, whose first line says what: there lines end in owner and group (and the mode has
 * all twelve bits), then in the extended attributes.
 */
export function treeDigest(entries: readonly TreeEntry[], restore: Restore = []): string {
  const told = ['owners', 'xattrs'].filter((word) => restore.some((asked) => asked === word));
  const form = told.length === 0 ? '1' : `2 ${told.join(' ')}`;
  const hash = createHash('sha256').update(`sealift.tree/${form}\n`);
  const sorted = [...entries].sort((left, right) =>
    Buffer.compare(Buffer.from(left.path), Buffer.from(right.path)),
  );
  for (const entry of sorted) hash.update(`${JSON.stringify(partsOf(entry, restore))}\n`);
  return hash.digest('hex');
}

function partsOf(entry: TreeEntry, restore: Restore): readonly unknown[] {
  const { kind, path, owner = [], xattrs = [] } = entry;
  const rights: unknown[] = restore.includes('owners') ? [...owner] : [];
  if (restore.includes('xattrs')) rights.push(xattrs);
  if (kind === 'symlink') return [kind, path, entry.target, ...rights];
  const mode = entry.mode & modeBits(restore);
  return kind === 'folder'
    ? [kind, path, mode, ...rights]
    : [kind, path, mode, entry.sha256, ...rights];
}

/** The bits of a mode that a release holds: setuid, setgid and sticky only together with owners. */
export function modeBits(restore: Restore): number {
  return restore.includes('owners') ? 0o7777 : 0o777;
}
