import type { Happening } from '../audit/audit-store.ts';
import type { Tx } from '../database/schema.ts';
import { offerNext, withdrawNext, type Batch } from './offer-store.ts';
import { decideProgress, type Progress } from './progress.ts';
import { changeRollout, findRollout, type Rollout } from './rollout-store.ts';

/** What moving a rollout takes from outside. */
export interface StepDeps {
  readonly now: () => Date;
  /** Signs what each of these devices is now told to run, in the transaction that decided it. */
  readonly signAssignments: (tx: Tx, deviceIds: readonly string[]) => Promise<void>;
  readonly appendAudit: (tx: Tx, happening: Happening) => Promise<void>;
}

/**
 * Moves a rollout one bounded step: decides on its counters, then offers to or takes back from one
 * batch of devices and signs that. Run twice it does nothing twice; cut between two steps it goes on.
 */
export async function stepRollout(tx: Tx, id: string, deps: StepDeps): Promise<Batch> {
  const decided = await decide(tx, id, deps);
  const rollout = await findRollout(tx, id);
  if (rollout === undefined) throw new Error(`bug: rollout ${id} does not exist`);
  const batch = await nextBatch(tx, rollout, deps.now());
  if (batch.told.length > 0) await deps.signAssignments(tx, batch.told);
  return { told: batch.told, more: batch.more || decided.kind === 'advance' };
}

async function nextBatch(tx: Tx, rollout: Rollout, at: Date): Promise<Batch> {
  switch (rollout.state) {
    case 'running':
      return offerNext(tx, rollout, at);
    case 'halted':
    case 'aborted':
      return withdrawNext(tx, rollout, at);
    case 'paused':
    case 'completed':
      return { told: [], more: false };
  }
}

async function decide(tx: Tx, id: string, deps: StepDeps): Promise<Progress> {
  const rollout = await findRollout(tx, id);
  if (rollout === undefined) return { kind: 'none' };
  const progress = decideProgress(rollout.state, rollout.phase, rollout.phases);
  const change = changeOf(progress);
  if (change === undefined) return progress;
  const at = deps.now();
  await changeRollout(tx, id, change, at);
  const { state, phase, reason } = rollout;
  await deps.appendAudit(tx, {
    at,
    actor: 'server',
    action: `rollout_${WORDS[progress.kind]}`,
    subject: `rollout:${id}`,
    before: { state, phase },
    after: { state, phase, reason, ...change },
  });
  return progress;
}

const WORDS = {
  none: 'unchanged',
  advance: 'advanced',
  complete: 'completed',
  halt: 'halted',
} as const satisfies Record<Progress['kind'], string>;

function changeOf(progress: Progress): Parameters<typeof changeRollout>[2] | undefined {
  switch (progress.kind) {
    case 'none':
      return undefined;
    case 'advance':
      return { phase: progress.phase };
    case 'complete':
      return { state: 'completed' };
    case 'halt':
      return { state: 'halted', reason: progress.reason };
  }
}
