import type { Recall } from '../../shared/release/recall.ts';
import { tufDate } from '../../shared/metadata/fields.ts';
import { parseManifestPath } from '../../shared/release/names.ts';
import type { Database, Tx } from '../database/schema.ts';
import { findRelease, type Release } from './release-store.ts';

/** Notes the number that the newest role gives a release. */
export async function setCounter(tx: Tx, path: string, counter: number): Promise<Release> {
  const release = await releaseAt(tx, path);
  await tx
    .updateTable('releases')
    .set({ release_counter: counter })
    .where('manifest_sha256', '=', release.manifestSha256)
    .execute();
  return { ...release, releaseCounter: counter };
}

/** Notes that the author has recalled a release. Nothing takes that back. */
export async function markRecalled(
  tx: Tx,
  path: string,
  { at, reason, moveTo }: Recall,
): Promise<Release> {
  const release = await releaseAt(tx, path);
  const recall = { at: tufDate(at), reason, moveTo: moveTo ?? null };
  await tx
    .updateTable('releases')
    .set({
      state: 'recalled',
      recalled_at: recall.at,
      recall_reason: reason,
      move_to: recall.moveTo,
    })
    .where('manifest_sha256', '=', release.manifestSha256)
    .execute();
  return { ...release, state: 'recalled', recall };
}

/** Whether every release that names this blob is recalled: then it is for no device any more. */
export async function isBlobRecalled(db: Database, sha256: string): Promise<boolean> {
  const naming = await db
    .selectFrom('release_files')
    .innerJoin('releases', 'releases.manifest_sha256', 'release_files.manifest_sha256')
    .select('releases.state')
    .where('release_files.sha256', '=', sha256)
    .distinct()
    .execute();
  return naming.length > 0 && naming.every(({ state }) => state === 'recalled');
}

/** Devices in service that say that a release runs on them. */
export interface RunningOn {
  readonly count: number;
  /** The first of them, by id. */
  readonly devices: readonly string[];
}

/** Which devices run a release, by their last reports. */
export async function runningOn(
  db: Database,
  manifestSha256: string,
  limit: number,
): Promise<RunningOn> {
  const running = db
    .selectFrom('devices')
    .where('running_manifest_sha256', '=', manifestSha256)
    .where('state', '=', 'accepted');
  const { count } = await running
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const rows = await running.select('id').orderBy('id').limit(limit).execute();
  return { count, devices: rows.map(({ id }) => id) };
}

async function releaseAt(tx: Tx, path: string): Promise<Release> {
  const names = parseManifestPath(path);
  const found = names && (await findRelease(tx, names.product, names.version));
  if (found === undefined)
    throw new Error(`bug: the role names ${path}, which was never published`);
  return found.release;
}
