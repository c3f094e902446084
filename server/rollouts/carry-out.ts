import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../database/schema.ts';
import { stepRollout, type StepDeps } from './step.ts';

export interface CarryOutDeps extends StepDeps {
  readonly db: Database;
  /** Sends what was signed to the devices; called after the transaction is on disk. */
  readonly announce: (deviceIds: readonly string[]) => Promise<void>;
}

/**
 * Steps a rollout until there is nothing left to do now. Each batch is its own transaction and lets
 * others have a turn, so that a phase of 10,000 devices holds up nobody's report.
 *
 * Two of these at once on one rollout do no harm: the database gives each batch to one of them.
 */
export async function carryOut(id: string, deps: CarryOutDeps): Promise<void> {
  for (;;) {
    const { told, more } = await deps.db.transaction().execute((tx) => stepRollout(tx, id, deps));
    await deps.announce(told);
    if (!more) return;
    await nextTurn();
  }
}
