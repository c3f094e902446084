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
    .select(['manifest_sha256', 'hardware_ids', 'state'])
    .where('product', '=', product)
    .where('version', '=', version)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const hardwareIds = z.array(z.string()).parse(JSON.parse(row.hardware_ids));
  return { product, version, manifestSha256: row.manifest_sha256, hardwareIds, state: row.state };
}

/** Ids of the accepted devices of a product on one of these boards. */
export async function listFittingDevices(
  tx: Tx,
  product: string,
  hardwareIds: readonly string[],
): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom('devices')
    .select('id')
    .where('product', '=', product)
    .where('state', '=', 'accepted')
    .where('hardware_id', 'in', hardwareIds)
    .execute();
  return rows.map(({ id }) => id);
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
