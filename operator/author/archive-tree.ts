import type { TreeEntry } from '../../shared/release/tree-digest.ts';
import { pathInside, refusedEntry, staysInside, withoutLeadingDots } from './archive-path.ts';

/** What the header of one tar entry says. */
export interface ArchiveHeader {
  readonly type: string;
  readonly path: string;
  readonly mode: number;
  readonly linkpath: string | undefined;
}

/** A tree that grows entry by entry, as a device would unpack it. */
export interface ArchiveTree {
  /** Adds an entry; `sha256` is of a file's content. Fails where a device would refuse. */
  readonly add: (header: ArchiveHeader, sha256: string) => void;
  readonly entries: () => readonly TreeEntry[];
}

/** What stands at a path so far; `implied` folders have had no entry of their own yet. */
type Placed = TreeEntry & { readonly implied?: boolean };
type Tree = Map<string, Placed>;

const FILE_TYPES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);
const SPECIAL_BITS = 0o7000;
const IMPLIED_FOLDER_MODE = 0o755;

/** An empty tree. */
export function archiveTree(): ArchiveTree {
  const tree: Tree = new Map();
  return {
    add: (header, sha256) => {
      refuseSpecialBits(header);
      const path = pathInside(header.path);
      if (path === '' && header.type === 'Directory') return; // the slot: its mode is the device's
      if (path === '') throw refusedEntry(header.path, 'takes the place of the slot');
      addFoldersAbove(tree, path);
      addEntry(tree, entryOf(tree, header, path, sha256));
    },
    entries: () => [...tree.values()],
  };
}

function entryOf(tree: Tree, header: ArchiveHeader, path: string, sha256: string): TreeEntry {
  const { type, mode } = header;
  if (FILE_TYPES.has(type)) return { kind: 'file', path, mode, sha256 };
  if (type === 'Directory') return { kind: 'folder', path, mode };
  if (type === 'SymbolicLink') return symlinkOf(header, path);
  if (type === 'Link') return hardlinkOf(tree, header, path);
  throw refusedEntry(header.path, `is a ${type}, not a file, folder or link`);
}

function symlinkOf({ linkpath = '' }: ArchiveHeader, path: string): TreeEntry {
  if (staysInside(path, linkpath)) return { kind: 'symlink', path, target: linkpath };
  throw refusedEntry(path, `points to ${linkpath}, which may be outside the archive`);
}

/** A hard link is the file it names once more: same content, same mode. */
function hardlinkOf(tree: Tree, { linkpath = '' }: ArchiveHeader, path: string): TreeEntry {
  const linked = tree.get(withoutLeadingDots(linkpath));
  if (linked?.kind === 'file') return { ...linked, path };
  throw refusedEntry(path, `is a hard link to ${linkpath}, which is no file before it`);
}

function addEntry(tree: Tree, entry: TreeEntry): void {
  const before = tree.get(entry.path);
  // A folder may come after its first file, once; nothing else may be there twice.
  if (before !== undefined && !(before.implied === true && entry.kind === 'folder')) {
    throw refusedEntry(entry.path, 'is in the archive twice');
  }
  tree.set(entry.path, entry);
}

function addFoldersAbove(tree: Tree, path: string): void {
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const folder = path.slice(0, at);
    const kind = tree.get(folder)?.kind;
    if (kind === undefined) {
      const mode = IMPLIED_FOLDER_MODE;
      tree.set(folder, { kind: 'folder', path: folder, mode, implied: true });
    } else if (kind !== 'folder') {
      throw refusedEntry(path, `lies below ${folder}, which is a ${kind}`);
    }
  }
}

function refuseSpecialBits({ path, mode }: ArchiveHeader): void {
  if ((mode & SPECIAL_BITS) !== 0) {
    throw refusedEntry(path, `has mode ${mode.toString(8)}: setuid, setgid or sticky`);
  }
}
