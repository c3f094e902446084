import { canonicalBytes } from '../../../shared/metadata/canonical-json.ts';
import { change, danger, shortId, type Finding } from './finding.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Whatever differs besides the fields that were explained. A signature covers the whole file, so a
 * holder must hear of every byte of it, also of what this version of the program does not know.
 */
export function describeRest(
  name: string,
  before: Fields,
  after: Fields,
  explained: readonly string[],
): readonly Finding[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names]
    .filter((field) => !explained.includes(field))
    .filter((field) => !isSame(before[field], after[field]))
    .map((field) => danger(`${name}: "${field}" becomes ${shown(after[field])}`));
}

/** Whether both say the same to a reader of canonical JSON. */
export function isSame(left: unknown, right: unknown): boolean {
  if (left === undefined || right === undefined) return left === right;
  return Buffer.compare(canonicalBytes(left), canonicalBytes(right)) === 0;
}

/** The fields of something that should be an object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}

/** Keys that a file lists and no role of it names: they mean nothing today, and are nobody's. */
export function describeStrayKeys(
  name: string,
  keys: Readonly<Record<string, unknown>>,
  named: readonly string[],
): readonly Finding[] {
  const stray = Object.keys(keys).filter((id) => !named.includes(id));
  return stray.map((id) => danger(`${name}: lists key ${shortId(id)} that no role names`));
}

/** How long a file holds, and whether that is more than it ever should. */
export function describeExpiry(
  name: string,
  { expires }: { readonly expires: Date },
  normalDays: number,
  now: Date,
): readonly Finding[] {
  const days = Math.floor((expires.getTime() - now.getTime()) / DAY_MILLISECONDS);
  const said = `${name}: holds until ${expires.toISOString().slice(0, 10)}, ${days} days from now`;
  if (days > normalDays + SLACK_DAYS) return [danger(`${said}: LONGER THAN ${normalDays} DAYS`)];
  return [days < 0 ? danger(`${said}: ALREADY EXPIRED`) : change(said)];
}

const DAY_MILLISECONDS = 86_400_000;
/** Clocks differ, and an event may wait for its last signature. */
const SLACK_DAYS = 1;
const SHOWN_CHARACTERS = 120;

/** A value of any kind in a sentence. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing (removed)';
  const text = Buffer.from(canonicalBytes(value)).toString('utf8');
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}
