import { Refusal } from '../trust/refusal.ts';

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
export interface OfferedEntry {
  readonly type: string;
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly linkpath: string | undefined;
}

/** One entry that may be unpacked: below the slot, through folders only, at a free place. */
export type AcceptedEntry =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly size: number }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'hardlink'; readonly path: string; readonly source: string };

/** What stands in the slot so far, by path; `implied` folders were never listed themselves. */
type Planned = 'implied' | AcceptedEntry['kind'];

const NAME_BYTES = 255; // what file systems hold
const PATH_BYTES = 3_072; // with the slot's own folder below PATH_MAX
/** All names together: what is remembered of an archive must fit the memory of a small board. */
const ALL_PATHS_BYTES = 32 * 1_024 * 1_024;
const WHITEOUT = /(?:^|\/)\.wh\./;
const FORBIDDEN_MODE_BITS = 0o7000; // setuid, setgid, sticky

/**
 * Judges the entries of one archive, in their order: for the device that unpacks it and, before, for
 * the author who publishes it. Pure but for what it remembers of earlier
 * entries: nothing is looked up on disk, so there is no gap between the check and the write.
 */
export function entryRules(limits: ArchiveLimits): (offered: OfferedEntry) => Accepted {
  const planned = new Map<string, Planned>();
  let unpackedBytes = 0;
  let pathBytes = 0;
  return (offered) => {
    const path = cleanPath(offered.path, limits);
    if (path === '') return theSlotItself(offered);
    if (planned.size >= limits.entries) {
      throw new Refusal('archive_too_large', `the archive has more than ${limits.entries} entries`);
    }
    unpackedBytes += offered.size;
    if (unpackedBytes > limits.unpackedBytes) {
      throw new Refusal(
        'archive_too_large',
        `the archive unpacks to more than ${limits.unpackedBytes} bytes`,
      );
    }
    pathBytes += Buffer.byteLength(path) + Buffer.byteLength(offered.linkpath ?? '');
    if (pathBytes > ALL_PATHS_BYTES) {
      throw new Refusal('archive_too_large', `its names have more than ${ALL_PATHS_BYTES} bytes`);
    }
    // A layer of a container image removes by such names; a release is whole, there is nothing below.
    if (WHITEOUT.test(path)) throw notAllowed(path, 'is a whiteout: a release is not a layer');
    const parents = missingParents(path, planned);
    requireFree(offered, path, planned);
    const entry = judge(offered, path, planned);
    for (const parent of parents) planned.set(parent, 'implied');
    planned.set(path, entry.kind);
    return { parents, entry };
  };
}

/** The mode of a folder that an archive needs and never lists. */
export const IMPLIED_FOLDER_MODE = 0o755;

/** What to do for one entry: first these folders, which the archive never listed, then itself. */
export interface Accepted {
  readonly parents: readonly string[];
  readonly entry: AcceptedEntry | undefined;
}

/** `./`: there already, and its mode is the device's. */
function theSlotItself({ path, type }: OfferedEntry): Accepted {
  if (type !== 'Directory') throw notAllowed(path, 'takes the place of the slot');
  return { parents: [], entry: undefined };
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
    throw new Refusal('archive_too_large', `the archive nests deeper than ${depth} folders`);
  }
  return path;
}

/** Every folder above must be one: an entry through a link or a file would land somewhere else. */
function missingParents(path: string, planned: ReadonlyMap<string, Planned>): readonly string[] {
  const names = path.split('/').slice(0, -1);
  const above = names.map((_, index) => names.slice(0, index + 1).join('/'));
  for (const parent of above) {
    const kind = planned.get(parent);
    if (kind !== undefined && kind !== 'folder' && kind !== 'implied') {
      throw notAllowed(path, `lies below ${parent}, which is a ${kind}`);
    }
  }
  return above.filter((parent) => !planned.has(parent));
}

function requireFree(
  { type }: OfferedEntry,
  path: string,
  planned: ReadonlyMap<string, Planned>,
): void {
  const kind = planned.get(path);
  if (kind === undefined || (kind === 'implied' && type === 'Directory')) return;
  throw notAllowed(path, 'is there twice');
}

function judge(
  { type, mode, size, linkpath }: OfferedEntry,
  path: string,
  planned: ReadonlyMap<string, Planned>,
): AcceptedEntry {
  if ((mode & FORBIDDEN_MODE_BITS) !== 0) throw notAllowed(path, 'has a setuid or sticky bit');
  switch (type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return { kind: 'file', path, mode: mode & 0o777, size };
    case 'Directory':
      return { kind: 'folder', path, mode: mode & 0o777 };
    case 'SymbolicLink':
      return { kind: 'symlink', path, target: insideTarget(path, linkpath ?? '') };
    case 'Link':
      return { kind: 'hardlink', path, source: insideSource(path, linkpath ?? '', planned) };
    default:
      throw notAllowed(path, `is a ${type}`);
  }
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

/** A hard link may only name a file that this archive has brought: anything else is somebody's. */
function insideSource(
  path: string,
  linkpath: string,
  planned: ReadonlyMap<string, Planned>,
): string {
  const source = linkpath.replace(/^(\.\/+)+/, '');
  const kind = planned.get(source);
  if (kind === 'file' || kind === 'hardlink') return source;
  throw notAllowed(path, `is a hard link to ${source.slice(0, 100)}, no file of this archive`);
}

function notAllowed(path: string, why: string): Refusal {
  return new Refusal('archive_entry_refused', `${JSON.stringify(path.slice(0, 200))} ${why}`);
}
