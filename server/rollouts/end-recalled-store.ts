import type { Tx } from '../database/schema.ts';
import { moveAssignments, type Standing } from './assignment-store.ts';
import { ACTIVE_STATES } from './counters.ts';
import { LIVE_STATES } from './rollout.ts';
import { changeRollout } from './rollout-store.ts';
import type { StepDeps } from './step.ts';

/** A release that its author has recalled. */
export interface RecalledRelease {
  readonly version: string;
  readonly manifestSha256: string;
  readonly reason: string;
  readonly actor: string;
}

type Deps = Pick<StepDeps, 'now' | 'appendAudit'>;

/**
 * Ends whatever still wants a recalled release: its rollouts, its assignments, and what devices are told
 * to run. A device is told what it proved before, or nothing. What was proven or failed stays counted.
 */
export async function endRecalled(tx: Tx, recalled: RecalledRelease, deps: Deps): Promise<void> {
  await endRollouts(tx, recalled, deps);
  await withdrawAll(tx, recalled, deps.now());
  const { manifestSha256 } = recalled;
  await tx
    .updateTable('devices')
    .set({ proven_manifest_sha256: null })
    .where('proven_manifest_sha256', '=', manifestSha256)
    .execute();
  // Nothing that such a device reports of the release moves any rollout, or its word, any more.
  await tx
    .updateTable('devices')
    .set({ rollout: null })
    .where('rollout', 'in', (query) =>
      query.selectFrom('rollouts').select('id').where('manifest_sha256', '=', manifestSha256),
    )
    .execute();
  await tx
    .updateTable('devices')
    .set((columns) => ({ desired_manifest_sha256: columns.ref('proven_manifest_sha256') }))
    .where('desired_manifest_sha256', '=', manifestSha256)
    .execute();
}

async function endRollouts(
  tx: Tx,
  { version, manifestSha256, reason, actor }: RecalledRelease,
  { now, appendAudit }: Deps,
): Promise<void> {
  const live = await tx
    .selectFrom('rollouts')
    .select(['id', 'state'])
    .where('manifest_sha256', '=', manifestSha256)
    .where('state', 'in', LIVE_STATES)
    .execute();
  for (const { id, state } of live) {
    const after = { state: 'aborted' as const, reason: `${version} was recalled: ${reason}` };
    await changeRollout(tx, id, after, now());
    const subject = `rollout:${id}`;
    const action = 'rollout_aborted';
    await appendAudit(tx, { at: now(), actor, action, subject, before: { state }, after });
  }
}

const BATCH = 500;

async function withdrawAll(
  tx: Tx,
  { manifestSha256, reason }: RecalledRelease,
  at: Date,
): Promise<void> {
  const outcome = { state: 'withdrawn' as const, code: 'release_recalled', detail: reason };
  for (;;) {
    const active = await nextActive(tx, manifestSha256);
    await moveAssignments(tx, active, outcome, at);
    if (active.length < BATCH) return;
  }
}

async function nextActive(tx: Tx, manifestSha256: string): Promise<readonly Standing[]> {
  return tx
    .selectFrom('assignments')
    .innerJoin('rollouts', 'rollouts.id', 'assignments.rollout')
    .select(['assignments.rollout', 'assignments.device', 'assignments.phase', 'assignments.state'])
    .where('rollouts.manifest_sha256', '=', manifestSha256)
    .where('assignments.state', 'in', ACTIVE_STATES)
    .limit(BATCH)
    .execute();
}
