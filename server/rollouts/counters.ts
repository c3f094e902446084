import type { AssignmentRow } from '../database/schema.ts';

export type AssignmentState = AssignmentRow['state'];

/** What a rollout keeps count of, phase by phase. */
export interface Counters {
  readonly offered: number;
  readonly proven: number;
  readonly failed: number;
}

const offered = { offered: 1, proven: 0, failed: 0 };
const failed = { offered: 1, proven: 0, failed: 1 };
const nothing = { offered: 0, proven: 0, failed: 0 };

/**
 * How one assignment counts, by its state. `offered` counts every device that was given the release,
 * however it ended; a withdrawn one was given nothing after all.
 */
export const COUNTS = {
  waiting: nothing,
  offered,
  installing: offered,
  trial: offered,
  proven: { offered: 1, proven: 1, failed: 0 },
  failed,
  refused: failed,
  rolled_back: failed,
  withdrawn: nothing,
} as const satisfies Record<AssignmentState, Counters>;

/** The states of a device that has not answered yet. */
export const ACTIVE_STATES = ['offered', 'installing', 'trial'] as const;

/** What a change of state adds to the counters of its phase. */
export function counterChange(from: AssignmentState, to: AssignmentState): Counters {
  const [before, after] = [COUNTS[from], COUNTS[to]];
  return {
    offered: after.offered - before.offered,
    proven: after.proven - before.proven,
    failed: after.failed - before.failed,
  };
}
