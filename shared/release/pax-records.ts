import { Refusal } from '../trust/refusal.ts';

/** A file with holes, as PAX records announce it: its own header carries a made-up name and size. */
export interface SparseHeader {
  readonly path: string;
  /** With its holes. */
  readonly size: number;
}

/**
 * Attributes without which what was released would not be what runs: a program that lost its
 * capabilities, a file whose access list is gone. They are not restored, so they are refused. Others
 * (labels of a packing machine, `user.*`) are left out, as from a plain tar.
 */
const MATTERING =
  /^\d+ (?:SCHILY|LIBARCHIVE)\.xattr\.(security\.capability|system\.posix_acl_\w+)=/m;
const ACCESS_LIST = /^\d+ SCHILY\.acl\.(access|default)=/m;
const SPARSE = /^\d+ GNU\.sparse\.(\w+)=(.*)$/gm;

/** What the PAX records before an entry say of holes; undefined when they say nothing. */
export function readSparseHeader(records: string): SparseHeader | undefined {
  requireNothingLost(records);
  const fields = new Map([...records.matchAll(SPARSE)].map(([, key, value]) => [key, value]));
  if (fields.size === 0) return undefined;
  const path = fields.get('name');
  const size = fields.get('realsize') ?? '';
  const version = `${fields.get('major') ?? ''}.${fields.get('minor') ?? ''}`;
  if (version !== '1.0' || path === undefined || !/^\d{1,15}$/.test(size)) {
    const how = 'only GNU sparse 1.0 is read, as tar --format=pax --sparse writes it';
    throw new Refusal('archive_entry_refused', `an entry is sparse in another form: ${how}`);
  }
  return { path, size: Number(size) };
}

function requireNothingLost(records: string): void {
  const attribute = MATTERING.exec(records)?.[1] ?? ACCESS_LIST.exec(records)?.[1];
  if (attribute === undefined) return;
  throw new Refusal(
    'restore_unsupported',
    `an entry carries ${attribute}, which is not restored: pack without attributes and access lists`,
  );
}

/** The folder that packers put before the name of a sparse file, for readers that know no holes. */
const STANDS_IN = /(?:^|\/)GNUSparseFile\.\d+\//;

/** Brings the announcements of sparse files together with the entries that they are about. */
export interface SparseQueue {
  /** Takes the records that stand before an entry. */
  readonly announce: (records: string) => void;
  /** The announcement of an entry, by its stand-in name. */
  readonly take: (path: string) => SparseHeader | undefined;
  /** Fails when something was announced that never came. */
  readonly finish: () => void;
}

/** A queue, because a parser may be a header ahead of the entry that it hands out. */
export function sparseQueue(): SparseQueue {
  const announced: SparseHeader[] = [];
  return {
    announce: (records) => {
      const header = readSparseHeader(records);
      if (header !== undefined) announced.push(header);
    },
    take: (path) => {
      if (!STANDS_IN.test(path)) return undefined;
      const header = announced.shift();
      if (header === undefined) throw malformed(`${JSON.stringify(path)} is no sparse file`);
      return header;
    },
    finish: () => {
      const [left] = announced;
      if (left !== undefined) throw malformed(`no content for ${JSON.stringify(left.path)}`);
    },
  };
}

function malformed(detail: string): Refusal {
  return new Refusal('archive_malformed', detail);
}
