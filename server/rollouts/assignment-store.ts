import type { AssignmentRow, Tx } from '../database/schema.ts';
import { counterChange, type AssignmentState } from './counters.ts';

/** Which assignment, and how it counts now. */
export type Standing = Pick<AssignmentRow, 'rollout' | 'device' | 'phase' | 'state'>;

/** What it becomes, and why. */
export interface Outcome {
  readonly state: AssignmentState;
  readonly code: string | null;
  readonly detail: string | null;
}

/**
 * The only way an assignment changes its state: it takes the counters of its phase along, in the same
 * transaction, so that they never have to be counted.
 */
export async function moveAssignments(
  tx: Tx,
  standings: readonly Standing[],
  outcome: Outcome,
  at: Date,
): Promise<void> {
  for (const group of byPhaseAndState(standings)) {
    const { rollout, phase, state, devices } = group;
    await tx
      .updateTable('assignments')
      .set({ ...outcome, changed_at: at.toISOString() })
      .where('rollout', '=', rollout)
      .where('device', 'in', devices)
      .execute();
    const change = counterChange(state, outcome.state);
    await addToCounters(tx, { rollout, phase }, { members: 0, ...change }, devices.length);
  }
}

/** Adds `change` to the kept counters of one phase, `times` over. */
export async function addToCounters(
  tx: Tx,
  { rollout, phase }: { readonly rollout: string; readonly phase: number },
  change: Readonly<Record<'members' | 'offered' | 'proven' | 'failed', number>>,
  times = 1,
): Promise<void> {
  await tx
    .updateTable('rollout_phases')
    .set(({ eb }) => ({
      members: eb('members', '+', change.members * times),
      offered: eb('offered', '+', change.offered * times),
      proven: eb('proven', '+', change.proven * times),
      failed: eb('failed', '+', change.failed * times),
    }))
    .where('rollout', '=', rollout)
    .where('phase', '=', phase)
    .execute();
}

interface Group extends Pick<Standing, 'rollout' | 'phase' | 'state'> {
  readonly devices: string[];
}

function byPhaseAndState(standings: readonly Standing[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { rollout, phase, state, device } of standings) {
    const key = `${rollout}:${phase}:${state}`;
    const group = groups.get(key) ?? { rollout, phase, state, devices: [] };
    group.devices.push(device);
    groups.set(key, group);
  }
  return [...groups.values()];
}
