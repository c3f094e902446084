import { Header } from 'tar';
import { ARCHIVE_TIME, fileBlocks, headerBlocks, paddingAfter } from '../archive.ts';

/** An attack by PAX records: what it is called, what it attempts, its blocks. */
export interface PaxAttack {
  readonly name: string;
  readonly attempts: string;
  readonly blocks: readonly Buffer[];
}

const BLOCK_BYTES = 512;

/** Attacks by what stands before an entry: maps of holes that lie, rights that would get lost. */
export function paxAttacks(): readonly PaxAttack[] {
  return [...mapAttacks(), ...recordAttacks()];
}

function mapAttacks(): readonly PaxAttack[] {
  const map = (
    name: string,
    attempts: string,
    numbers: readonly number[],
    size = 8,
  ): PaxAttack => ({
    name,
    attempts,
    blocks: sparseFile('holes', size, [mapOf(numbers), Buffer.alloc(BLOCK_BYTES, 'e')]),
  });
  return [
    map('sparse-overlapping', 'Maps two pieces over each other.', [2, 0, 256, 128, 256], 1_024),
    map('sparse-beyond-end', 'Maps a piece beyond the end of its file.', [1, 1_024, 512], 1_024),
    map('sparse-more-than-mapped', 'Holds more bytes than its map says.', [1, 0, 100], 1_024),
    map('sparse-less-than-mapped', 'Maps more bytes than it holds.', [1, 0, 4_096], 8_192),
    map('sparse-huge', 'Is a hole of 8 TiB, to fill whatever does not know holes.', [0], 2 ** 43),
    map('sparse-countless', 'Says that its map has 9,999,999 pieces.', [9_999_999], 1_024),
    {
      name: 'sparse-without-map',
      attempts: 'Calls itself sparse and holds letters where the map must be.',
      blocks: sparseFile('holes', 1_024, [Buffer.alloc(2 * BLOCK_BYTES, 'x')]),
    },
    {
      name: 'sparse-path-traversal',
      attempts: 'Hides its real name, beside the slot, in the announcement of holes.',
      blocks: sparseFile('../evil', 512, [mapOf([1, 0, 512]), Buffer.alloc(BLOCK_BYTES, 'e')]),
    },
  ];
}

function recordAttacks(): readonly PaxAttack[] {
  return [
    {
      name: 'sparse-never-came',
      attempts: 'Announces a file with holes and never brings it.',
      blocks: [paxHeader(sparseRecords('holes', 512)), small('no-holes')],
    },
    {
      name: 'sparse-of-before',
      attempts: 'Holds a map of holes in a form that readers take for content.',
      blocks: [
        paxHeader({ 'GNU.sparse.size': '512', 'GNU.sparse.numblocks': '0' }),
        small('GNUSparseFile.1/old'),
      ],
    },
    {
      name: 'lost-capability',
      attempts: 'Carries rights of a program that unpacking would silently drop.',
      blocks: [paxHeader({ 'SCHILY.xattr.security.capability': '\x01\0\0\x02' }), small('ping')],
    },
    {
      name: 'lost-access-list',
      attempts: 'Carries an access list that unpacking would silently drop.',
      blocks: [paxHeader({ 'SCHILY.acl.access': 'user::rw-,user:7:r--' }), small('secret')],
    },
  ];
}

/** A sparse file in the form that GNU tar writes (1.0): the stored content begins with its map. */
export function sparseFile(path: string, size: number, stored: readonly Buffer[]): Buffer[] {
  const content = Buffer.concat(stored);
  const stand = { path: 'GNUSparseFile.7/stands-in', type: 'File', mode: 0o644 } as const;
  return [
    paxHeader(sparseRecords(path, size)),
    headerBlocks({ ...stand, size: content.length }),
    content,
    paddingAfter(content.length),
  ];
}

/** The map of holes: how many pieces, offset and length of each, filled up to a block. */
export function mapOf(numbers: readonly number[]): Buffer {
  const text = Buffer.from(numbers.map((number) => `${number}\n`).join(''));
  return Buffer.concat([text, paddingAfter(text.length)]);
}

function sparseRecords(path: string, size: number): Readonly<Record<string, string>> {
  return {
    'GNU.sparse.major': '1',
    'GNU.sparse.minor': '0',
    'GNU.sparse.name': path,
    'GNU.sparse.realsize': String(size),
  };
}

/** Any records at all, which no honest packer would let us choose. */
function paxHeader(records: Readonly<Record<string, string>>): Buffer {
  return recordsHeader(Buffer.from(Object.entries(records).map(record).join(''), 'latin1'));
}

/** Whatever these bytes are, as the records before an entry, or (`global`) before all that follow. */
export function recordsHeader(content: Buffer, reach: 'one' | 'global' = 'one'): Buffer {
  const header = new Header({
    path: 'PaxHeader/records',
    type: reach === 'one' ? 'ExtendedHeader' : 'GlobalExtendedHeader',
    mode: 0o644,
    size: content.length,
    mtime: ARCHIVE_TIME,
  });
  header.encode();
  return Buffer.concat([header.block ?? Buffer.of(), content, paddingAfter(content.length)]);
}

/** POSIX: the length of a record counts its own digits. */
export function record([key, value]: readonly [string, string]): string {
  const rest = ` ${key}=${value}\n`;
  const digits = String(rest.length + String(rest.length).length).length;
  return `${rest.length + digits}${rest}`;
}

function small(path: string): Buffer {
  return fileBlocks({ path, mode: 0o644, bytes: Buffer.from('evil\n') });
}
