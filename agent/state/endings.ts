import type { ReleaseRef, ReportEvent } from '../../shared/protocol/report.ts';
import type { Refusal } from '../../shared/trust/refusal.ts';
import type { Stage } from '../machine.ts';
import { updateOf, type AgentState, type LastRefusal } from './agent-state.ts';

type FailureReason = Extract<ReportEvent, { kind: 'failed' }>['reason'];
type FailedStage = Extract<ReportEvent, { kind: 'failed' }>['stage'];

/** Longer details are cut: a report has its limits. */
const DETAIL_CHARACTERS = 1_000;
const REMEMBERED_RELEASES = 256;

/** From here on the new release may have run, so going back is a rollback. */
const SWITCHED: ReadonlySet<Stage> = new Set(['activating', 'trial', 'committing']);

/** Reasons that lie in the release, so that trying it again would end the same way. */
const BLAMES_RELEASE: ReadonlySet<FailureReason> = new Set([
  'install',
  'activation',
  'health',
  'interrupted',
  // What a module did with the release; not that it was cut short, missing or spoiled.
  'module_failed',
  'module_killed',
  'module_hung',
  'module_answer',
  'module_stream',
  'module_digest',
]);

/** The state of an update that failed: how it will be reported, and what is held against it. */
export function failed(state: AgentState, reason: FailureReason, detail: string): AgentState {
  const { release } = updateOf(state);
  const kind = SWITCHED.has(state.stage) ? 'rolled_back' : 'failed';
  const ending: ReportEvent = {
    kind,
    release,
    stage: state.stage as FailedStage, // an update is under way, so it is not idle
    reason,
    detail: detail.slice(0, DETAIL_CHARACTERS),
  };
  const ended = { ...state, ending, failedOffer: state.offer };
  // A download that is cut short again and again tells of the device's power, not of the release.
  const isToBlame = BLAMES_RELEASE.has(reason) && state.stage !== 'downloading';
  return isToBlame ? condemn(ended, release.manifestSha256) : ended;
}

/** What was refused: `release` once it was verified, `path` when only the director was. */
export interface Refused {
  readonly refusal: Refusal;
  readonly release: ReleaseRef | null;
  readonly path: string | null;
}

/** The state after a refusal. The same offer refused for the same reason is reported once. */
export function refused(
  state: AgentState,
  { refusal, release, path }: Refused,
  at: Date,
): AgentState {
  const { offer, lastRefusal } = state;
  if (offer === null) throw new Error('bug: refused without an offer');
  const { code } = refusal;
  const detail = refusal.message.slice(0, DETAIL_CHARACTERS);
  if (lastRefusal?.offer === offer && lastRefusal.code === code) return state;
  const said: LastRefusal = { offer, code, detail, release, path, at: at.toISOString() };
  return {
    ...state,
    lastRefusal: said,
    ending: {
      kind: 'refused',
      release,
      path: path?.slice(0, DETAIL_CHARACTERS) ?? null,
      code,
      detail,
    },
  };
}

/** A release whose manifest was verified is refused: the same offer is not taken up again. */
export function refusedRelease(state: AgentState, refusal: Refusal, at: Date): AgentState {
  const { release } = updateOf(state);
  return { ...refused(state, { refusal, release, path: null }, at), failedOffer: state.offer };
}

/** Remembers a release that is not tried again on this device. */
export function condemn(state: AgentState, manifestSha256: string): AgentState {
  const others = state.failedReleases.filter((known) => known !== manifestSha256);
  return {
    ...state,
    failedReleases: [...others, manifestSha256].slice(-REMEMBERED_RELEASES),
  };
}
