import { createGzip } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { Pax } from 'tar';
import {
  END_OF_ARCHIVE,
  fileBlocks,
  headerBlocks,
  paddingAfter,
  type TarEntry,
} from '../archive.ts';
import { paxAttacks } from './pax-attacks.ts';
import { rightsAttacks } from './rights-attacks.ts';
import { whiteoutAttacks } from './whiteout-attacks.ts';

/** An archive that tries something. It is built when asked for: some are large. */
export interface HostileArchive {
  readonly name: string;
  readonly mediaType: 'application/x-tar' | 'application/gzip';
  /** One sentence for people: what the archive attempts. */
  readonly attempts: string;
  readonly build: () => Promise<Buffer>;
  /** What its release asks for, where that is part of the attack. */
  readonly restore?: readonly ('owners' | 'xattrs')[];
}

/** How big the big ones are, and where the ones that aim at an absolute path aim. */
export interface HostileOptions {
  /** An absolute folder outside every slot; a test looks there afterwards. */
  readonly outside: string;
  readonly bombBytes?: number;
  readonly entryCount?: number;
  readonly depth?: number;
  readonly nameLength?: number;
}

const ENTRIES_PER_CHUNK = 1_000;
const EVIL = Buffer.from('evil\n');

/**
 * Every attack. Each archive begins with a harmless `first.txt`, so that a test can see whether an
 * installer that refuses later leaves half a slot behind. {@link harmlessArchive} is the acceptance
 * next door.
 */
export function hostileArchives(options: HostileOptions): readonly HostileArchive[] {
  return [
    ...pathAttacks(options),
    ...linkAttacks(options.outside),
    ...kindAttacks(),
    ...sizeAttacks(options),
    ...[...paxAttacks(), ...whiteoutAttacks()].map(({ name, attempts, blocks }) =>
      plain(name, attempts, blocks),
    ),
    ...rightsAttacks().map(({ name, attempts, blocks, restore }) => ({
      ...plain(name, attempts, blocks),
      restore,
    })),
    ...brokenArchives(),
  ];
}

/** The same construction with nothing wrong in it: an installer must accept this one. */
export function harmlessArchive(): HostileArchive {
  return plain('harmless', 'Nothing: two files, a folder and a link that stays inside.', [
    headerBlocks({ path: 'folder/', type: 'Directory', mode: 0o755, size: 0 }),
    file('folder/second.txt'),
    link('SymbolicLink', 'folder/link.txt', '../first.txt'),
  ]);
}

function pathAttacks({
  outside,
  depth = 2_000,
  nameLength = 5_000,
}: HostileOptions): readonly HostileArchive[] {
  return [
    plain('path-traversal', 'Writes beside the slot with `../evil`.', [file('../evil')]),
    plain('deep-path-traversal', 'Hides `..` in the middle of a path that looks normal.', [
      file('service/lib/../../../evil'),
    ]),
    plain('absolute-path', 'Names its file by an absolute path outside the slot.', [
      file(`${outside}/evil`),
    ]),
    plain('pax-path-traversal', 'Shows a harmless name and overrides it in a PAX header.', [
      paxPath('../evil'),
      file('harmless.txt'),
    ]),
    plain('over-deep-path', `Nests ${depth} folders, to exhaust a stack or the path limit.`, [
      file(`${'d/'.repeat(depth)}evil`),
    ]),
    plain('over-long-name', `Has a name of ${nameLength} bytes; file systems hold 255.`, [
      file('n'.repeat(nameLength)),
    ]),
    plain('duplicate-entry', 'Holds one path twice, so that a check may see the other content.', [
      file('twice.txt', Buffer.from('checked\n')),
      file('twice.txt'),
    ]),
  ];
}

function linkAttacks(outside: string): readonly HostileArchive[] {
  return [
    plain('relative-symlink-out', 'Leaves a relative symbolic link that points out of the slot.', [
      link('SymbolicLink', 'link', '../evil'),
    ]),
    plain('absolute-symlink-out', 'Leaves an absolute symbolic link that points out of the slot.', [
      link('SymbolicLink', 'link', `${outside}/evil`),
    ]),
    plain(
      'write-through-symlink',
      'Makes a link to a folder outside, then writes below the link.',
      [link('SymbolicLink', 'folder', outside), file('folder/evil')],
    ),
    plain('write-over-symlink', 'Makes a link to a file outside, then a file of the same name.', [
      link('SymbolicLink', 'evil', `${outside}/evil`),
      file('evil'),
    ]),
    plain('absolute-hardlink-out', 'Makes a hard link to a file outside the slot.', [
      link('Link', 'link', `${outside}/victim`),
    ]),
    plain('relative-hardlink-out', 'Makes a hard link outside by a relative path.', [
      link('Link', 'link', '../victim'),
    ]),
    plain('write-through-hardlink', 'Makes a hard link to a file outside, then writes into it.', [
      link('Link', 'victim', `${outside}/victim`),
      file('victim'),
    ]),
  ];
}

function kindAttacks(): readonly HostileArchive[] {
  return [
    // The memory of the machine (1, 1 is /dev/mem): the classic prize.
    plain('character-device', 'Creates a device node for the memory of the machine.', [
      headerBlocks({ ...special('CharacterDevice', 'mem'), devmaj: 1, devmin: 1 }),
    ]),
    plain('fifo', 'Creates a named pipe; whoever opens it waits for ever.', [
      headerBlocks(special('FIFO', 'pipe')),
    ]),
    plain('setuid-file', 'Leaves a program that runs as root whoever starts it.', [
      fileBlocks({ path: 'root-shell', mode: 0o4755, bytes: EVIL }),
    ]),
  ];
}

function sizeAttacks({
  bombBytes = 2 ** 28,
  entryCount = 100_000,
}: HostileOptions): readonly HostileArchive[] {
  return [
    gzipped('decompression-bomb', `Expands to ${bombBytes} bytes of zeros from very few.`, () =>
      bombBlocks(bombBytes),
    ),
    gzipped('too-many-entries', `Holds ${entryCount} empty files, to use up the inodes.`, () =>
      manyBlocks(entryCount),
    ),
    plain('declares-more-than-it-holds', 'Declares a file of 8 TiB and ends.', [
      headerBlocks({ path: 'huge', type: 'File', mode: 0o644, size: 2 ** 43 }),
    ]),
  ];
}

function brokenArchives(): readonly HostileArchive[] {
  const whole = Buffer.concat([FIRST, file('second.bin', Buffer.alloc(4_096, 's'))]);
  return [
    raw('truncated-archive', 'Ends in the middle of its second file.', whole.subarray(0, -3_000)),
    raw('not-an-archive', 'Is not a tar at all.', Buffer.from('garbage '.repeat(1_024))),
    raw('empty-file', 'Has no bytes.', Buffer.alloc(0)),
  ];
}

const FIRST = file('first.txt', Buffer.from('first\n'));

function file(path: string, bytes: Buffer = EVIL): Buffer {
  return fileBlocks({ path, mode: 0o644, bytes });
}

function link(type: 'SymbolicLink' | 'Link', path: string, linkpath: string): Buffer {
  return headerBlocks({ path, type, linkpath, mode: 0o777, size: 0 });
}

function special(type: 'CharacterDevice' | 'FIFO', path: string): TarEntry {
  return { path, type, mode: 0o666, size: 0 };
}

/** The PAX header alone: it renames whatever entry comes next. */
function paxPath(path: string): Buffer {
  return new Pax({ path }).encode();
}

function* bombBlocks(expandedBytes: number): Generator<Buffer> {
  yield FIRST;
  yield headerBlocks({ path: 'bomb', type: 'File', mode: 0o644, size: expandedBytes });
  const zeros = Buffer.alloc(2 ** 20);
  for (let left = expandedBytes; left > 0; left -= zeros.length) yield zeros.subarray(0, left);
  yield paddingAfter(expandedBytes);
  yield END_OF_ARCHIVE;
}

function* manyBlocks(entryCount: number): Generator<Buffer> {
  yield FIRST;
  for (let from = 0; from < entryCount; from += ENTRIES_PER_CHUNK) {
    const length = Math.min(ENTRIES_PER_CHUNK, entryCount - from);
    // In chunks: a stream that is handed single blocks takes longer than compressing them.
    yield Buffer.concat(Array.from({ length }, (_, index) => emptyFile(`many/${from + index}`)));
  }
  yield END_OF_ARCHIVE;
}

function emptyFile(path: string): Buffer {
  return headerBlocks({ path, type: 'File', mode: 0o644, size: 0 });
}

function plain(name: string, attempts: string, blocks: readonly Buffer[]): HostileArchive {
  return raw(name, attempts, Buffer.concat([FIRST, ...blocks, END_OF_ARCHIVE]));
}

function raw(name: string, attempts: string, bytes: Buffer): HostileArchive {
  return { name, attempts, mediaType: 'application/x-tar', build: () => Promise.resolve(bytes) };
}

function gzipped(name: string, attempts: string, blocks: () => Generator<Buffer>): HostileArchive {
  const build = (): Promise<Buffer> => buffer(Readable.from(blocks()).pipe(createGzip()));
  return { name, attempts, mediaType: 'application/gzip', build };
}
