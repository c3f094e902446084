import { notAllowed } from './not-allowed.ts';
import { wholeLines } from './pax-attributes.ts';

/** What the parser of tar tells of who owns an entry. */
export interface OwnedEntry {
  readonly path: string;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Of the PAX records for all entries that follow. */
  readonly globalExtended?:
    { readonly uid?: number | undefined; readonly gid?: number | undefined } | undefined;
}

/** -1 as the kernel counts: to chown it means "leave it". */
const NOBODY = 2 ** 32 - 1;

/** Owner and group by their numbers; the names in an archive are of another machine. */
export function ownerOf({ path, uid, gid, globalExtended }: OwnedEntry): readonly [number, number] {
  // The parser would let it win over what an entry says itself.
  if (globalExtended?.uid !== undefined || globalExtended?.gid !== undefined) {
    throw notAllowed(path, 'has its owner from a header for all entries');
  }
  if (isId(uid) && isId(gid)) return [uid, gid];
  throw notAllowed(path, 'has no owner that this system could hold');
}

function isId(id: number | undefined): id is number {
  return Number.isInteger(id) && Number(id) >= 0 && Number(id) < NOBODY;
}

const IDS = /^\d+ [ug]id=(.*)$/gm;

/** The parser would take `uid=` and `uid=0x0` for root. */
export function requirePlainIds(records: string): void {
  const ids = [...records.matchAll(IDS)];
  if (ids.length > 0) wholeLines(records);
  for (const [, id = ''] of ids) {
    if (!/^\d{1,10}$/.test(id)) throw notAllowed(id, 'is no number of an owner');
  }
}
