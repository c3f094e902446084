import type { Tx } from '../database/schema.ts';
import { moveAssignments, type Standing } from './assignment-store.ts';
import { ACTIVE_STATES } from './counters.ts';
import type { Rollout } from './rollout-store.ts';

/** How many devices one transaction offers to or takes back from: some 30 ms of signing. */
export const BATCH = 200;

/** Who was told something new in one batch. */
export interface Batch {
  /** Devices whose word from the director has changed. */
  readonly told: readonly string[];
  /** Whether there may be more of the same to do. */
  readonly more: boolean;
}

interface Waiting extends Standing {
  readonly desired: string | null;
  readonly proven: string | null;
  readonly running: string | null;
  readonly formerRollout: string | null;
}

/** Offers the release to the next devices that wait in an open phase. */
export async function offerNext(tx: Tx, rollout: Rollout, at: Date): Promise<Batch> {
  const waiting = await nextWaiting(tx, rollout);
  if (waiting.length === 0) return { told: [], more: false };
  const { manifestSha256, id } = rollout;
  await supersede(tx, waiting, at);
  await tx
    .updateTable('devices')
    .set({ desired_manifest_sha256: manifestSha256, rollout: id })
    .where('id', 'in', idsOf(waiting))
    .execute();
  // It runs the release and has proven it before: it will not install it again to say so again.
  const done = waiting.filter(
    ({ proven, running }) => proven === manifestSha256 && running === manifestSha256,
  );
  const others = waiting.filter((each) => !done.includes(each));
  await moveAssignments(tx, done, { state: 'proven', code: null, detail: null }, at);
  await moveAssignments(tx, others, { state: 'offered', code: null, detail: null }, at);
  const told = waiting.filter(({ desired }) => desired !== manifestSha256);
  return { told: idsOf(told), more: waiting.length === BATCH || done.length > 0 };
}

/** Takes the release back from the next devices that were offered it and have not begun. */
export async function withdrawNext(tx: Tx, rollout: Rollout, at: Date): Promise<Batch> {
  const offered = await tx
    .selectFrom('assignments')
    .select(['rollout', 'device', 'phase', 'state'])
    .where('rollout', '=', rollout.id)
    .where('phase', 'in', openPhases(rollout))
    .where('state', '=', 'offered')
    .limit(BATCH)
    .execute();
  if (offered.length === 0) return { told: [], more: false };
  await moveAssignments(tx, offered, { state: 'withdrawn', code: rollout.state, detail: null }, at);
  await leaveToProven(tx, idsOf(offered));
  return { told: idsOf(offered), more: offered.length === BATCH };
}

/** The devices belong to no rollout, and are told to run what they proved last. */
async function leaveToProven(tx: Tx, devices: readonly string[]): Promise<void> {
  await tx
    .updateTable('devices')
    .set((columns) => ({
      desired_manifest_sha256: columns.ref('proven_manifest_sha256'),
      rollout: null,
    }))
    .where('id', 'in', devices)
    .execute();
}

async function nextWaiting(tx: Tx, rollout: Rollout): Promise<readonly Waiting[]> {
  return tx
    .selectFrom('assignments')
    .innerJoin('devices', 'devices.id', 'assignments.device')
    .select([
      'assignments.rollout',
      'assignments.device',
      'assignments.phase',
      'assignments.state',
      'devices.desired_manifest_sha256 as desired',
      'devices.proven_manifest_sha256 as proven',
      'devices.running_manifest_sha256 as running',
      'devices.rollout as formerRollout',
    ])
    .where('assignments.rollout', '=', rollout.id)
    .where('assignments.phase', 'in', openPhases(rollout))
    .where('assignments.state', '=', 'waiting')
    .limit(BATCH)
    .execute();
}

/** What an older, halted rollout left running on these devices is over: they get something newer. */
async function supersede(tx: Tx, waiting: readonly Waiting[], at: Date): Promise<void> {
  const former = waiting.filter(({ formerRollout }) => formerRollout !== null);
  if (former.length === 0) return;
  const standings = await tx
    .selectFrom('assignments')
    .innerJoin('devices', (join) =>
      join
        .onRef('devices.id', '=', 'assignments.device')
        .onRef('devices.rollout', '=', 'assignments.rollout'),
    )
    .select(['assignments.rollout', 'assignments.device', 'assignments.phase', 'assignments.state'])
    .where('devices.id', 'in', idsOf(former))
    .where('assignments.state', 'in', ACTIVE_STATES)
    .execute();
  await moveAssignments(
    tx,
    standings,
    { state: 'withdrawn', code: 'superseded', detail: null },
    at,
  );
}

function idsOf(standings: readonly { readonly device: string }[]): string[] {
  return standings.map(({ device }) => device);
}

function openPhases({ phase }: Rollout): number[] {
  return Array.from({ length: phase + 1 }, (_, index) => index);
}
