import type { TreeEntry } from '../../shared/release/tree-digest.ts';
import { Failure } from '../failure.ts';
import { pathInside, staysInside } from './archive-path.ts';

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

const FILE_TYPES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);
const SPECIAL_BITS = 0o7000;
const DEFAULT_FOLDER_MODE = 0o755;

/** An empty tree. */
export function archiveTree(): ArchiveTree {
  const tree = new Map<string, TreeEntry>();
  return {
    add: (header, sha256) => {
      refuseSpecialBits(header);
      const path = pathInside(header.path);
      if (path === '') {
        if (header.type !== 'Directory') throw refused(header.path, 'takes the place of the slot');
        return; // the slot itself: its mode is the device's
      }
      addFoldersAbove(tree, path);
      addEntry(tree, entryOf(tree, header, path, sha256));
    },
    entries: () => [...tree.values()],
  };
}

function entryOf(
  tree: ReadonlyMap<string, TreeEntry>,
  header: ArchiveHeader,
  path: string,
  sha256: string,
): TreeEntry {
  const { type, mode } = header;
  if (FILE_TYPES.has(type)) return { kind: 'file', path, mode, sha256 };
  if (type === 'Directory') return { kind: 'folder', path, mode };
  if (type === 'SymbolicLink') return symlinkOf(header, path);
  if (type === 'Link') return hardlinkOf(tree, header, path);
  throw refused(header.path, `is a ${type}, not a file, folder or link`);
}

function symlinkOf({ linkpath }: ArchiveHeader, path: string): TreeEntry {
  const target = linkpath ?? '';
  if (!staysInside(path, target)) throw refused(path, `points outside the archive, to ${target}`);
  return { kind: 'symlink', path, target };
}

/** A hard link is the file it names once more: same content, same mode. */
function hardlinkOf(
  tree: ReadonlyMap<string, TreeEntry>,
  { linkpath }: ArchiveHeader,
  path: string,
): TreeEntry {
  const linked = tree.get(pathInside(linkpath ?? ''));
  if (linked?.kind !== 'file') {
    throw refused(path, `links to ${linkpath ?? 'nothing'}, which is no file before it`);
  }
  return { ...linked, path };
}

function addEntry(tree: Map<string, TreeEntry>, entry: TreeEntry): void {
  const before = tree.get(entry.path);
  // A folder may be named again (its own entry after its first file); nothing else may.
  if (before !== undefined && !(before.kind === 'folder' && entry.kind === 'folder')) {
    throw refused(entry.path, 'is in the archive twice');
  }
  tree.set(entry.path, entry);
}

function addFoldersAbove(tree: Map<string, TreeEntry>, path: string): void {
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const folder = path.slice(0, at);
    const kind = tree.get(folder)?.kind;
    if (kind === undefined) {
      tree.set(folder, { kind: 'folder', path: folder, mode: DEFAULT_FOLDER_MODE });
    } else if (kind !== 'folder') {
      throw refused(path, `lies below ${folder}, which is a ${kind}`);
    }
  }
}

function refuseSpecialBits({ path, mode }: ArchiveHeader): void {
  if ((mode & SPECIAL_BITS) !== 0) {
    throw refused(path, `has mode ${mode.toString(8)}: setuid, setgid or sticky`);
  }
}

function refused(path: string, why: string): Failure {
  return new Failure('archive_refused', `${JSON.stringify(path.slice(0, 200))} ${why}`);
}
