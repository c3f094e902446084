import { createHash } from 'node:crypto';

/** One thing in an unpacked archive. `path` is relative, with `/`, and never begins with `./`. */
export type TreeEntry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly sha256: string }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string };

/**
 * The digest of a whole tree: the same for the author who reads a tar and for the device that reads
 * its slot, whatever the order of the entries, their times and owners.
 *
 * One line an entry, sorted by the bytes of the path, each part JSON-quoted so that no name can look
 * like another line. The mode is the nine permission bits.
 */
export function treeDigest(entries: readonly TreeEntry[]): string {
  const hash = createHash('sha256').update('sealift.tree/1\n');
  const sorted = [...entries].sort((left, right) =>
    Buffer.compare(Buffer.from(left.path), Buffer.from(right.path)),
  );
  for (const entry of sorted) hash.update(`${lineOf(entry)}\n`);
  return hash.digest('hex');
}

function lineOf(entry: TreeEntry): string {
  switch (entry.kind) {
    case 'folder':
      return JSON.stringify([entry.kind, entry.path, entry.mode & 0o777]);
    case 'file':
      return JSON.stringify([entry.kind, entry.path, entry.mode & 0o777, entry.sha256]);
    case 'symlink':
      return JSON.stringify([entry.kind, entry.path, entry.target]);
  }
}
