import type { Database } from '../database/schema.ts';
import { listNewestDevices } from '../devices/inventory-store.ts';
import { readExpiry } from '../repository/expiry-store.ts';
import { listRollouts } from '../rollouts/rollout-store.ts';
import type { Newest, ShownRelease, Status } from './status.ts';

/** What the status page shows: bounded reads, whatever the size of the fleet. */
export async function loadStatus(db: Database, limit: number, now: Date): Promise<Status> {
  const more = limit + 1; // one beyond tells whether there are more
  return {
    rollouts: newest(await listRollouts(db, more), limit),
    devices: newest(await listNewestDevices(db, more), limit),
    releases: newest(await listNewestReleases(db, more), limit),
    expiry: await readExpiry(db, now),
    auditHead: await db
      .selectFrom('audit')
      .select(['sequence', 'hash'])
      .orderBy('sequence', 'desc')
      .limit(1)
      .executeTakeFirst(),
  };
}

function newest<T>(rows: readonly T[], limit: number): Newest<T> {
  return { rows: rows.slice(0, limit), more: rows.length > limit };
}

async function listNewestReleases(db: Database, limit: number): Promise<readonly ShownRelease[]> {
  const rows = await db
    .selectFrom('releases')
    .select([
      'product',
      'version',
      'manifest_sha256 as manifestSha256',
      'class',
      'security_epoch as securityEpoch',
      'state',
      'published_at as publishedAt',
      'recall_reason as recallReason',
    ])
    .select((releases) =>
      releases
        .selectFrom('devices')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .whereRef('devices.running_manifest_sha256', '=', 'releases.manifest_sha256')
        .where('devices.state', '=', 'accepted')
        .as('runningOn'),
    )
    .orderBy('published_at', 'desc')
    .orderBy('product')
    .orderBy('version')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, runningOn: row.runningOn ?? 0 }));
}
