import type { WaitingReason } from '../../shared/protocol/waiting.ts';
import type { Step } from '../run-update.ts';
import type { AgentState, Waiting } from '../state/agent-state.ts';
import type { Candidate } from './judge-conditions.ts';

/** The state of a device that waits, and whether that is news: the same reasons are told once. */
export function waits(
  state: AgentState,
  { release, conditions, isHandedOver }: Candidate,
  reasons: readonly WaitingReason[],
  at: Date,
): { readonly state: AgentState; readonly isNews: boolean } {
  const before = isFor(state.waiting, release.manifestSha256) ? state.waiting : null;
  const since = before?.since ?? at.toISOString();
  const waiting: Waiting = { release, conditions, isHandedOver, reasons: [...reasons], since };
  const isNews = before === null || namesOf(before.reasons) !== namesOf(reasons);
  return { state: { ...state, waiting }, isNews };
}

/** The step of a stage that leaves its release for later because of its conditions. */
export function waitStep(candidate: Candidate, reasons: readonly WaitingReason[], at: Date): Step {
  const remember = (before: AgentState): AgentState => {
    const { state, isNews } = waits(before, candidate, reasons, at);
    const { release } = candidate;
    return isNews
      ? { ...state, ending: { kind: 'waiting', release, reasons: [...reasons] } }
      : state;
  };
  return { outcome: 'later', remember };
}

/** After an offer was looked at: unless it is left for later, the device waits no more, and says so. */
export function endWaiting(step: Step): Step {
  if (step.outcome === 'later') return step;
  const remember = (before: AgentState): AgentState => {
    const state = step.remember?.(before) ?? before;
    const { waiting, ending } = state;
    if (waiting === null) return state;
    const isTold = step.outcome === 'done' || ending !== null; // by the stage, or by how it ended
    const { release } = waiting;
    return {
      ...state,
      waiting: null,
      ending: isTold ? ending : { kind: 'waiting', release, reasons: [] },
    };
  };
  return { ...step, remember };
}

function isFor(waiting: Waiting | null, manifestSha256: string): waiting is Waiting {
  return waiting?.release.manifestSha256 === manifestSha256;
}

/** Details change by the minute; what counts is which conditions do not hold. */
function namesOf(reasons: readonly WaitingReason[]): string {
  return reasons.map(({ condition }) => condition).join();
}
