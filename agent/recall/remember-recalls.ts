import type { ReportEvent } from '../../shared/protocol/report.ts';
import type { AgentState, Installed } from '../state/agent-state.ts';

/** More than any product recalls; an author who goes beyond keeps only the latest in this memory. */
const REMEMBERED_RECALLS = 256;

/** Remembers recalls for good: metadata that is older, or lost, does not bring a release back. */
export function rememberRecalls(state: AgentState, recalled: readonly string[]): AgentState {
  const news = recalled.filter((sha256) => !state.recalledReleases.includes(sha256));
  if (news.length === 0) return state;
  return {
    ...state,
    recalledReleases: [...state.recalledReleases, ...news].slice(-REMEMBERED_RECALLS),
  };
}

/** Says once, when there is nothing else to say, that what runs here was recalled. */
export function tellOfRecall(state: AgentState, running: Installed | null): AgentState {
  const release = running?.release;
  if (release === undefined || state.ending !== null) return state;
  const { manifestSha256 } = release;
  const isNews = state.reportedRecall !== manifestSha256;
  if (!isNews || !state.recalledReleases.includes(manifestSha256)) return state;
  const detail = `${release.version} runs here, its author has recalled it, and nothing else is assigned`;
  const ending: ReportEvent = { kind: 'recalled', release, detail };
  return { ...state, ending, reportedRecall: manifestSha256 };
}
