import { Refusal } from '../trust/refusal.ts';

/** An entry of an archive that must not be unpacked. */
export function notAllowed(path: string, why: string): Refusal {
  return new Refusal('archive_entry_refused', `${JSON.stringify(path.slice(0, 200))} ${why}`);
}
