import { Refusal } from '../trust/refusal.ts';
import { notAllowed } from './not-allowed.ts';
import { isCapability } from './pax-attributes.ts';
import { emptyFolder, find, folderFor, type Planned } from './planned-tree.ts';
import type { Restore, Rights } from './restore.ts';
import { modeBits } from './tree-digest.ts';
import { isWhiteout, takeAway } from './whiteouts.ts';

/** How much a device unpacks before it gives up. */
export interface ArchiveLimits {
  readonly unpackedBytes: number;
  readonly entries: number;
  readonly depth: number;
}

/** What a device allows unless its configuration says otherwise; authors are held to the same. */
export const ARCHIVE_LIMITS: ArchiveLimits = {
  unpackedBytes: 8_192 * 1_024 * 1_024,
  entries: 200_000,
  depth: 64,
};

/** One entry of an archive as its header describes it. */
export interface OfferedEntry extends Rights {
  readonly type: string;
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly linkpath: string | undefined;
}

/** One entry that may be unpacked: below the slot, through folders only, at a free place. */
export type AcceptedEntry =
  | ((AcceptedFolder | AcceptedFile) & Rights)
  | ({ readonly kind: 'symlink'; readonly path: string; readonly target: string } & Rights)
  /** Shares the rights of its source. */
  | { readonly kind: 'hardlink'; readonly path: string; readonly source: string };

/** A folder, listed or needed. */
export interface AcceptedFolder extends Rights {
  readonly kind: 'folder';
  readonly path: string;
  readonly mode: number;
}

interface AcceptedFile {
  readonly kind: 'file';
  readonly path: string;
  readonly mode: number;
  readonly size: number;
}

/** What to do for one entry, in this order. */
export interface Accepted {
  /** What a whiteout takes away, the deepest first. */
  readonly removed: readonly string[];
  /** Folders that the archive never listed. */
  readonly parents: readonly AcceptedFolder[];
  readonly entry: AcceptedEntry | undefined;
}

const NAME_BYTES = 255; // what file systems hold
const PATH_BYTES = 3_072; // with the slot's own folder below PATH_MAX
/** All names and attributes: what is remembered of an archive must fit the memory of a small board. */
const ALL_NAMES_BYTES = 32 * 1_024 * 1_024;
/** Of a folder that an archive needs and never lists. */
const IMPLIED_FOLDER_MODE = 0o755;

/**
 * Judges the entries of one archive, in their order: for the device that unpacks it and, before, for
 * the author who publishes it. Pure but for what it remembers of earlier entries: nothing is looked
 * up on disk, so there is no gap between the check and the write. Limits count whatever was brought,
 * also what a whiteout has taken away since.
 */
export function entryRules(
  limits: ArchiveLimits,
  restore: Restore = [],
): (offered: OfferedEntry) => Accepted {
  const root = emptyFolder('folder');
  const count = counter(limits);
  const implied = {
    kind: 'folder',
    mode: IMPLIED_FOLDER_MODE,
    owner: restore.includes('owners') ? ([0, 0] as const) : undefined,
  } as const;
  return (offered) => {
    const path = cleanPath(offered.path, limits);
    if (path === '') return theSlotItself(offered);
    const names = path.split('/');
    count.offer(offered, path);
    if (isWhiteout(names)) {
      count.bring(1);
      return { removed: takeAway(root, names, offered), parents: [], entry: undefined };
    }
    const { inside, above } = folderFor(root, names);
    const name = names.at(-1) ?? '';
    const before = inside.get(name);
    if (before !== undefined && (before.kind !== 'implied' || offered.type !== 'Directory')) {
      throw notAllowed(path, 'is there twice');
    }
    const entry = judge(offered, { path, root, restore });
    inside.set(name, plannedOf(entry, before, root));
    count.bring(above.length + (before === undefined ? 1 : 0));
    const parents = above.map((parent) => ({ ...implied, path: parent }));
    return { removed: [], parents, entry };
  };
}

function plannedOf(entry: AcceptedEntry, before: Planned | undefined, root: Planned): Planned {
  const { kind } = entry;
  if (kind === 'folder') return { ...(before ?? emptyFolder(kind)), kind };
  const { xattrs } = kind === 'hardlink' ? (find(root, entry.source.split('/')) ?? {}) : entry;
  return { kind, xattrs };
}

/** `./`: there already, and its mode and owner are the device's. */
function theSlotItself({ path, type, xattrs = [] }: OfferedEntry): Accepted {
  if (type !== 'Directory') throw notAllowed(path, 'takes the place of the slot');
  if (xattrs.length > 0) throw notAllowed(path, 'is the slot, which gets no attributes');
  return { removed: [], parents: [], entry: undefined };
}

function cleanPath(offered: string, { depth }: ArchiveLimits): string {
  const path = offered.replace(/^(\.\/+)+/, '').replace(/\/+$/, '');
  if (path === '' || path === '.') return '';
  const names = path.split('/');
  const isBad = (name: string): boolean =>
    name === '' || name === '.' || name === '..' || name.includes('\0');
  if (names.some(isBad)) throw notAllowed(offered, 'is not a plain path below the slot');
  if (
    Buffer.byteLength(path) > PATH_BYTES ||
    names.some((n) => Buffer.byteLength(n) > NAME_BYTES)
  ) {
    throw notAllowed(offered, 'is longer than file systems hold');
  }
  if (names.length > depth) {
    throw tooLarge('nests', depth, 'folders');
  }
  return path;
}

/** Counts what was ever brought. */
function counter(limits: ArchiveLimits): {
  readonly offer: (offered: OfferedEntry, path: string) => void;
  readonly bring: (entries: number) => void;
} {
  let [brought, unpackedBytes, nameBytes] = [0, 0, 0];
  return {
    offer: ({ size, linkpath = '', xattrs = [] }, path) => {
      if (brought >= limits.entries) throw tooLarge('has', limits.entries, 'entries');
      unpackedBytes += size;
      if (unpackedBytes > limits.unpackedBytes) {
        throw tooLarge('unpacks to', limits.unpackedBytes, 'bytes');
      }
      nameBytes += [path, linkpath, ...xattrs].reduce(
        (sum, text) => sum + Buffer.byteLength(text),
        0,
      );
      if (nameBytes > ALL_NAMES_BYTES) {
        throw tooLarge('has', ALL_NAMES_BYTES, 'bytes of names and attributes');
      }
    },
    bring: (entries) => {
      brought += entries;
    },
  };
}

function tooLarge(does: string, limit: number, of: string): Refusal {
  return new Refusal('archive_too_large', `the archive ${does} more than ${limit} ${of}`);
}

interface Place {
  readonly path: string;
  readonly root: Planned;
  readonly restore: Restore;
}

function judge(offered: OfferedEntry, { path, root, restore }: Place): AcceptedEntry {
  const { type, size, linkpath = '', owner, xattrs } = offered;
  const mode = offered.mode & modeBits(restore);
  if (mode !== (offered.mode & 0o7777)) throw notAllowed(path, 'has a setuid or sticky bit');
  const rights = { owner, xattrs };
  requireBearable(offered, path);
  switch (type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return { kind: 'file', path, mode, size, ...rights };
    case 'Directory':
      return { kind: 'folder', path, mode, ...rights };
    case 'SymbolicLink':
      return { kind: 'symlink', path, target: insideTarget(path, linkpath), ...rights };
    case 'Link':
      return { kind: 'hardlink', path, source: insideSource(path, offered, root) };
    default:
      throw notAllowed(path, `is a ${type}`);
  }
}

/** What the kernel would not let it bear. */
function requireBearable({ type, xattrs = [] }: OfferedEntry, path: string): void {
  const isTooMuch =
    type === 'SymbolicLink' ? xattrs.length > 0 : type === 'Directory' && xattrs.some(isCapability);
  if (isTooMuch) throw notAllowed(path, `is a ${type} with attributes of a file`);
}

/**
 * A link target stays inside when it only goes up at its beginning, and not above the slot: no entry
 * lies below a link, so the way up is through real folders; every link it then passes stays inside
 * by the same rule. `..` after a name could climb out through another link.
 */
function insideTarget(path: string, target: string): string {
  const names = target.split('/');
  const ups = names.findIndex((name) => name !== '..');
  const upwards = ups === -1 ? names.length : ups;
  const onlyLeading = !names.slice(upwards).includes('..');
  const isInside = upwards <= path.split('/').length - 1;
  const isPlain = target !== '' && !target.startsWith('/') && !target.includes('\0');
  if (isPlain && onlyLeading && isInside && Buffer.byteLength(target) <= PATH_BYTES) return target;
  throw notAllowed(path, `links to ${target.slice(0, 100)}, which may be outside the slot`);
}

/**
 * A hard link may only name a file that this archive has brought: anything else is somebody's. It is
 * the same file once more, so it says nothing of attributes, or the same.
 */
function insideSource(
  path: string,
  { linkpath = '', xattrs = [] }: OfferedEntry,
  root: Planned,
): string {
  const source = linkpath.replace(/^(\.\/+)+/, '');
  const found = find(root, source.split('/'));
  if (found?.kind !== 'file' && found?.kind !== 'hardlink') {
    throw notAllowed(path, `is a hard link to ${source.slice(0, 100)}, no file of this archive`);
  }
  if (xattrs.length > 0 && xattrs.join() !== found.xattrs?.join()) {
    throw notAllowed(path, `has other attributes than ${source.slice(0, 100)}, the same file`);
  }
  return source;
}
