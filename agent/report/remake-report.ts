import type { ReportEvent } from '../../shared/protocol/report.ts';
import type { AgentState, Installed } from '../state/agent-state.ts';

/**
 * What a report says whose own words a disk has lost: nothing but what is still true. A device at
 * rest proves once more what it runs, for the lost one may have been that proof; it counts once.
 */
export function remadeEvent({ stage }: AgentState, running: Installed | null): ReportEvent {
  if (stage !== 'idle' || running === null) return { kind: 'started' };
  const { release } = running;
  const unknown = { verifyMilliseconds: 0, downloadMilliseconds: 0, trialMilliseconds: 0 };
  return { kind: 'receipt', release, ...unknown };
}
