import type { WaitingReason } from '../../shared/protocol/waiting.ts';
import type { Step } from '../run-update.ts';
import { updateOf, type AgentState } from '../state/agent-state.ts';
import type { Candidate } from './judge-conditions.ts';
import { waitStep } from './waiting-state.ts';

/** What looking at conditions needs. */
export interface ConditionDeps {
  readonly judge: (candidate: Candidate) => Promise<readonly WaitingReason[]>;
  readonly now: () => Date;
}

/**
 * After the download, which may have taken longer than the window was open: nothing has been written
 * to a slot yet. What is downloaded stays; from here on an update runs to its end.
 */
export async function heedConditions(
  { judge, now }: ConditionDeps,
  state: AgentState,
  step: Step,
): Promise<Step> {
  if (step.outcome !== 'done') return step;
  const { release, conditions = {}, isHandedOver = false } = updateOf(state);
  const candidate = { release, conditions, isHandedOver };
  const reasons = await judge(candidate);
  return reasons.length === 0 ? step : waitStep(candidate, reasons, now());
}
