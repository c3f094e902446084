import type { Database, RolloutPhaseRow, RolloutRow, Tx } from '../database/schema.ts';
import type { PhaseProgress } from './progress.ts';
import { LIVE_STATES, type RolloutState } from './rollout.ts';

/** One phase, as the API shows it. */
export interface Phase extends PhaseProgress {
  readonly percent: number;
  readonly offered: number;
}

/** A rollout with its phases, as the API shows it. */
export interface Rollout {
  readonly id: string;
  readonly product: string;
  readonly version: string;
  readonly manifestSha256: string;
  readonly state: RolloutState;
  /** Index of the open phase. */
  readonly phase: number;
  readonly reason: string | null;
  /** The manifest that its devices run when they join; null when it is for all that fit. */
  readonly onlyRunning: string | null;
  readonly createdAt: string;
  readonly changedAt: string;
  readonly phases: readonly Phase[];
}

/** One rollout, or undefined. */
export async function findRollout(db: Database | Tx, id: string): Promise<Rollout | undefined> {
  const row = await db.selectFrom('rollouts').selectAll().where('id', '=', id).executeTakeFirst();
  return row && rolloutOf(row, await phasesOf(db, [id]));
}

/** The live rollout of a product: there is at most one. */
export async function findLiveRollout(tx: Tx, product: string): Promise<Rollout | undefined> {
  const row = await tx
    .selectFrom('rollouts')
    .selectAll()
    .where('product', '=', product)
    .where('state', 'in', LIVE_STATES)
    .executeTakeFirst();
  return row && rolloutOf(row, await phasesOf(tx, [row.id]));
}

/** The newest rollouts first. */
export async function listRollouts(db: Database, limit: number): Promise<readonly Rollout[]> {
  const rows = await db
    .selectFrom('rollouts')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute();
  const phases = await phasesOf(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => rolloutOf(row, phases));
}

/** Rollouts that may have left something undone when the server stopped. */
export async function listUnfinished(db: Database): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('rollouts')
    .select('id')
    .where('state', 'in', ['running', 'halted', 'aborted'])
    .execute();
  return rows.map(({ id }) => id);
}

/** Changes what is given, and when it changed. */
export async function changeRollout(
  tx: Tx,
  id: string,
  change: Partial<Pick<RolloutRow, 'state' | 'phase' | 'reason'>>,
  at: Date,
): Promise<void> {
  await tx
    .updateTable('rollouts')
    .set({ ...change, changed_at: at.toISOString() })
    .where('id', '=', id)
    .execute();
}

async function phasesOf(
  db: Database | Tx,
  ids: readonly string[],
): Promise<readonly RolloutPhaseRow[]> {
  if (ids.length === 0) return [];
  return db
    .selectFrom('rollout_phases')
    .selectAll()
    .where('rollout', 'in', ids)
    .orderBy('phase')
    .execute();
}

function rolloutOf(row: RolloutRow, phases: readonly RolloutPhaseRow[]): Rollout {
  const { id, product, version, state, phase, reason } = row;
  return {
    id,
    product,
    version,
    manifestSha256: row.manifest_sha256,
    state,
    phase,
    reason,
    onlyRunning: row.only_running,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    phases: phases.filter(({ rollout }) => rollout === id).map(phaseOf),
  };
}

function phaseOf(row: RolloutPhaseRow): Phase {
  const { percent, members, offered, proven, failed } = row;
  const { success_percent: successPercent, failure_percent: failurePercent } = row;
  return { percent, successPercent, failurePercent, members, offered, proven, failed };
}
