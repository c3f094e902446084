import type { Tx } from '../database/schema.ts';
import type { Batch } from './offer-store.ts';
import { stateAfter, type RolloutAction, type RolloutState } from './rollout.ts';
import { changeRollout, findRollout, type Rollout } from './rollout-store.ts';
import { stepRollout, type StepDeps } from './step.ts';

/** What an operator does, to which rollout. */
export interface Act {
  readonly id: string;
  readonly action: RolloutAction;
  readonly actor: string;
}

export type Acted =
  | { readonly kind: 'changed'; readonly rollout: Rollout; readonly batch: Batch }
  | { readonly kind: 'unknown_rollout' }
  | { readonly kind: 'not_allowed'; readonly state: RolloutState };

/** Pauses, resumes or aborts a rollout, and takes the first step that follows from it. */
export async function actOnRollout(tx: Tx, act: Act, deps: StepDeps): Promise<Acted> {
  const before = await findRollout(tx, act.id);
  if (before === undefined) return { kind: 'unknown_rollout' };
  const state = stateAfter(before.state, act.action);
  if (state === undefined) return { kind: 'not_allowed', state: before.state };

  const at = deps.now();
  await changeRollout(tx, act.id, { state }, at);
  await deps.appendAudit(tx, {
    at,
    actor: act.actor,
    action: `rollout_${act.action}`,
    subject: `rollout:${act.id}`,
    before: { state: before.state },
    after: { state },
  });
  const batch = await stepRollout(tx, act.id, deps);
  const rollout = await findRollout(tx, act.id);
  if (rollout === undefined) throw new Error(`bug: rollout ${act.id} vanished`);
  return { kind: 'changed', rollout, batch };
}
