import type { Tx } from '../database/schema.ts';
import { createRollout } from './create-rollout.ts';
import { findRecalledRunning } from './move-store.ts';
import type { StepDeps } from './step.ts';

/** Who moves, and by what means. */
export interface Mover {
  readonly actor: string;
  readonly deps: StepDeps & { readonly newId: () => string };
}

/**
 * All at once: what they run must not run. It stops when half of them cannot go, for then the place to
 * go is no better.
 */
const PHASES = [{ percent: 100, successPercent: 50, failurePercent: 50 }];

/** A rollout that moves devices off a recalled release, and whom it has told so far. */
export interface Move {
  readonly rollout: string;
  readonly told: readonly string[];
}

/**
 * Starts the rollout that moves devices off a recalled release, to where its author sends them. Undefined where nobody is sent anywhere, nobody runs it, or another rollout of the product is
 * live: then its devices are listed with the release, and an operator decides.
 */
export async function startMove(
  tx: Tx,
  manifestSha256: string,
  { actor, deps }: Mover,
): Promise<Move | undefined> {
  const recalled = await findRecalledRunning(tx, manifestSha256);
  if (recalled?.moveTo === undefined) return undefined;
  const { product, version, moveTo } = recalled;
  const wish = { product, version: moveTo, phases: PHASES, onlyRunning: version, actor };
  const created = await createRollout(tx, wish, deps);
  if (created.kind !== 'created') return undefined;
  return { rollout: created.rollout.id, told: created.batch.told };
}
