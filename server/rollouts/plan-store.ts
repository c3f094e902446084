import * as z from 'zod';
import type { ReleaseRow, RolloutPhaseRow, Tx } from '../database/schema.ts';
import type { Membership } from './phases.ts';

/** What a rollout must know of a release. */
export interface Release {
  readonly product: string;
  readonly version: string;
  readonly manifestSha256: string;
  readonly hardwareIds: readonly string[];
  readonly state: ReleaseRow['state'];
  readonly releaseCounter: number;
  /** Why it was recalled. */
  readonly recallReason: string | null;
}

/** A rollout that nobody has seen yet. */
export interface Plan {
  readonly id: string;
  readonly release: Release;
  readonly phases: readonly {
    readonly percent: number;
    readonly successPercent: number;
    readonly failurePercent: number;
  }[];
  readonly members: readonly Membership[];
  /** The manifest that members run when they join; null for all that fit. */
  readonly onlyRunning: string | null;
  readonly at: Date;
}

// SQLite takes 32,766 values a statement; six a row leaves room to add a column.
const ROWS_A_STATEMENT = 500;

/** A release by name, whatever its state. */
export async function findRelease(
  tx: Tx,
  product: string,
  version: string,
): Promise<Release | undefined> {
  const row = await tx
    .selectFrom('releases')
    .select(['manifest_sha256', 'hardware_ids', 'state', 'release_counter', 'recall_reason'])
    .where('product', '=', product)
    .where('version', '=', version)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const hardwareIds = z.array(z.string()).parse(JSON.parse(row.hardware_ids));
  return {
    product,
    version,
    manifestSha256: row.manifest_sha256,
    hardwareIds,
    state: row.state,
    releaseCounter: row.release_counter,
    recallReason: row.recall_reason,
  };
}

/** Which devices a rollout is for. */
export interface Reach {
  readonly product: string;
  readonly hardwareIds: readonly string[];
  /** Only those that run this manifest. */
  readonly onlyRunning: string | undefined;
}

/** Ids of the accepted devices within reach. */
export async function listFittingDevices(tx: Tx, reach: Reach): Promise<readonly string[]> {
  const rows = await fitting(tx, reach).select('devices.id').execute();
  return rows.map(({ id }) => id);
}

/** Whether one device fits the release of a rollout. */
export async function isFitting(
  tx: Tx,
  device: string,
  { product, version }: { readonly product: string; readonly version: string },
): Promise<boolean> {
  const release = await findRelease(tx, product, version);
  if (release === undefined) return false;
  const { hardwareIds } = release;
  const found = await fitting(tx, { product, hardwareIds, onlyRunning: undefined })
    .select('devices.id')
    .where('devices.id', '=', device)
    .executeTakeFirst();
  return found !== undefined;
}

/** How many devices within reach run, or have proven, a release with a higher number. */
export async function countBeyond(tx: Tx, reach: Reach, counter: number): Promise<number> {
  const { count } = await fitting(tx, reach)
    .innerJoin('releases', (join) =>
      join.on((on) =>
        on.or([
          on('releases.manifest_sha256', '=', on.ref('devices.proven_manifest_sha256')),
          on('releases.manifest_sha256', '=', on.ref('devices.running_manifest_sha256')),
        ]),
      ),
    )
    .where('releases.release_counter', '>', counter)
    .select(({ fn }) => fn.count<number>('devices.id').distinct().as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

// What it returns is only known to the query builder; naming it would repeat the query.
function fitting(tx: Tx, { product, hardwareIds, onlyRunning }: Reach) {
  const all = tx
    .selectFrom('devices')
    .where('devices.product', '=', product)
    .where('devices.state', '=', 'accepted')
    .where('devices.hardware_id', 'in', hardwareIds);
  return onlyRunning === undefined
    ? all
    : all.where('devices.running_manifest_sha256', '=', onlyRunning);
}

/** Stores the rollout, its phases and every member as waiting. */
export async function insertRollout(tx: Tx, plan: Plan): Promise<void> {
  const { id, release, members } = plan;
  const at = plan.at.toISOString();
  await tx
    .insertInto('rollouts')
    .values({
      id,
      product: release.product,
      version: release.version,
      manifest_sha256: release.manifestSha256,
      state: 'running',
      phase: 0,
      reason: null,
      only_running: plan.onlyRunning,
      created_at: at,
      changed_at: at,
    })
    .execute();
  await tx.insertInto('rollout_phases').values(phaseRows(plan)).execute();
  for (let from = 0; from < members.length; from += ROWS_A_STATEMENT) {
    await insertWaiting(tx, id, members.slice(from, from + ROWS_A_STATEMENT), at);
  }
}

/** Lets devices wait in their phases. Their phases' `members` is the caller's to keep. */
export async function insertWaiting(
  tx: Tx,
  rollout: string,
  members: readonly Membership[],
  at: string,
): Promise<void> {
  const rows = members.map(({ device, phase }) => ({
    rollout,
    device,
    phase,
    state: 'waiting' as const,
    code: null,
    detail: null,
    changed_at: at,
  }));
  await tx.insertInto('assignments').values(rows).execute();
}

function phaseRows({ id, phases, members }: Plan): RolloutPhaseRow[] {
  return phases.map(({ percent, successPercent, failurePercent }, phase) => ({
    rollout: id,
    phase,
    percent,
    success_percent: successPercent,
    failure_percent: failurePercent,
    members: members.filter((member) => member.phase === phase).length,
    offered: 0,
    proven: 0,
    failed: 0,
  }));
}
