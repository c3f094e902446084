import { Refusal } from '../trust/refusal.ts';
import { ownerOf, requirePlainIds, type OwnedEntry } from './archive-owner.ts';
import { readAttributes, requireNothingLost } from './pax-attributes.ts';
import type { Restore, Rights } from './restore.ts';

/** A file with holes, as PAX records announce it: its own header carries a made-up name and size. */
export interface SparseHeader {
  readonly path: string;
  /** With its holes. */
  readonly size: number;
}

const SPARSE = /^\d+ GNU\.sparse\.(\w+)=(.*)$/gm;

/** What the PAX records before an entry say of holes; undefined when they say nothing. */
function readSparseHeader(records: string): SparseHeader | undefined {
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

/** The folder that packers put before the name of a sparse file, for readers that know no holes. */
const STANDS_IN = /(?:^|\/)GNUSparseFile\.\d+\//;

/** Brings what PAX records say together with the entries that they are about. */
export interface PaxReader {
  /** Takes the records that stand before an entry. */
  readonly announce: (records: string) => void;
  /** What was announced of an entry, by the entry as its header describes it. */
  readonly take: (entry: PaxEntry) => Announced;
  /** Fails when something was announced that never came. */
  readonly finish: () => void;
}

/** An entry with its stand-in name, as the parser of tar gives it. */
export interface PaxEntry extends OwnedEntry {
  readonly path: string;
}

/** What is to be known of an entry beside its header. */
export interface Announced {
  readonly sparse: SparseHeader | undefined;
  readonly rights: Rights;
}

/** The parser hands out records and entries in the order of the archive. */
export function paxReader(restore: Restore = []): PaxReader {
  let sparse: SparseHeader | undefined;
  let xattrs: readonly string[] = [];
  let everywhere: unknown;
  const asked = { owners: restore.includes('owners'), xattrs: restore.includes('xattrs') };
  return {
    announce: (records) => {
      const header = readSparseHeader(records);
      if (header !== undefined && sparse !== undefined) throw neverCame(sparse);
      sparse ??= header;
      if (asked.owners) requirePlainIds(records);
      if (!asked.xattrs) {
        requireNothingLost(records);
        return;
      }
      const brought = readAttributes(records);
      if (brought.length > 0 && xattrs.length > 0) throw malformed('two headers with attributes');
      if (brought.length > 0) xattrs = brought;
    },
    take: (entry) => {
      if (STANDS_IN.test(entry.path) !== (sparse !== undefined)) throw mismatched(entry, sparse);
      const { globalExtended } = entry;
      if (xattrs.length > 0 && globalExtended !== everywhere) {
        throw malformed('attributes for all entries at once');
      }
      everywhere = globalExtended;
      const owner = asked.owners ? ownerOf(entry) : undefined;
      const announced = { sparse, rights: { owner, xattrs } };
      sparse = undefined;
      xattrs = [];
      return announced;
    },
    finish: () => {
      if (sparse !== undefined) throw neverCame(sparse);
    },
  };
}

function mismatched({ path }: PaxEntry, sparse: SparseHeader | undefined): Refusal {
  return sparse ? neverCame(sparse) : malformed(`${JSON.stringify(path)} is no sparse file`);
}

function neverCame({ path }: SparseHeader): Refusal {
  return malformed(`no content for ${JSON.stringify(path)}`);
}

function malformed(detail: string): Refusal {
  return new Refusal('archive_malformed', detail);
}
