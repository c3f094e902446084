import type { RunEnd } from '../run-agent.ts';

/** How a run of the agent ended, for whoever started it. */
export const EXIT_CODES: Readonly<Record<RunEnd, number>> = {
  committed: 0,
  nothing: 0,
  stopped: 0,
  refused: 3,
  failed: 4,
  rolled_back: 5,
  later: 6,
  unreachable: 6,
  not_enrolled: 7,
};
