import * as z from 'zod/mini';
import { Sha256 } from '../../shared/metadata/fields.ts';
import { Failure } from '../failure.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';

const Seen = z.record(z.string(), Sha256);
/** Enough for every event that anybody still looks at. */
const KEPT = 200;

/**
 * Remembers what an event was when it was first looked at here. A server that shows one thing and later
 * has another signed under the same id is caught by this.
 */
export async function requireUnchanged(
  path: string,
  { id, fingerprint }: { readonly id: string; readonly fingerprint: string },
): Promise<void> {
  const seen = (await readJsonFile(path, Seen)) ?? {};
  const before = Object.hasOwn(seen, id) ? seen[id] : undefined;
  if (before === fingerprint) return;
  if (before !== undefined) {
    throw new Failure(
      'event_changed',
      `event ${id} had fingerprint ${before} when it was shown before, now it has ${fingerprint}`,
    );
  }
  const kept = Object.entries(seen).slice(-(KEPT - 1));
  await writeJsonFile(path, Object.fromEntries([...kept, [id, fingerprint]]));
}
