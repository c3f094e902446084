import type { FailureReason } from '../../shared/protocol/report.ts';
import { updateOf, type AgentState } from './agent-state.ts';

/**
 * How often the download of a release is left for a later poll before the update has failed, by what
 * went wrong. What the world may mend is tried again, with the backoff between polls; what was
 * refused, did not install or was not healthy is not: it would end as before, until the author or the
 * server says something new.
 */
const RETRIES: Partial<Record<FailureReason, number>> = { network: 5, disk: 5 };

/** Whether to try this release again after one more failure of this kind. */
export function mayRetry(state: AgentState, reason: FailureReason): boolean {
  return retriesOf(state) < (RETRIES[reason] ?? 0);
}

/** One more retry of the release under way. Of another release, nothing is held against it. */
export function countRetry(state: AgentState): AgentState {
  const { manifestSha256 } = updateOf(state).release;
  return { ...state, retried: { manifestSha256, times: retriesOf(state) + 1 } };
}

function retriesOf(state: AgentState): number {
  const { manifestSha256 } = updateOf(state).release;
  return state.retried?.manifestSha256 === manifestSha256 ? state.retried.times : 0;
}
