import type { RolloutState } from './rollout.ts';

/** A phase as the decision sees it: its thresholds and its kept counters. */
export interface PhaseProgress {
  readonly successPercent: number;
  readonly failurePercent: number;
  readonly members: number;
  readonly proven: number;
  readonly failed: number;
}

/** What a rollout does next, on proof alone. */
export type Progress =
  | { readonly kind: 'none' }
  | { readonly kind: 'advance'; readonly phase: number }
  | { readonly kind: 'complete' }
  | { readonly kind: 'halt'; readonly reason: string };

/**
 * Decides from the counters. `open` is the index of the open phase.
 *
 * A paused rollout can still be halted by what comes back, but does not go on. The others have ended:
 * a device that falls back later changes their counters and no more.
 */
export function decideProgress(
  state: RolloutState,
  open: number,
  phases: readonly PhaseProgress[],
): Progress {
  if (state !== 'running' && state !== 'paused') return { kind: 'none' };
  const reason = reasonToHalt(phases.slice(0, open + 1));
  if (reason !== undefined) return { kind: 'halt', reason };
  if (state === 'paused') return { kind: 'none' };
  return advance(open, phases);
}

function reasonToHalt(opened: readonly PhaseProgress[]): string | undefined {
  for (const [index, phase] of opened.entries()) {
    const { members, failed, failurePercent, successPercent } = phase;
    const said = `phase ${index + 1}: ${failed} of ${members} devices failed`;
    if (failed > 0 && failed * 100 >= failurePercent * members) {
      return `${said}, which reaches the limit of ${failurePercent} %`;
    }
    // Neither threshold would ever be met: it would wait for ever with nobody told.
    if ((members - failed) * 100 < successPercent * members) {
      return `${said}, so ${successPercent} % success is out of reach`;
    }
  }
  return undefined;
}

function advance(open: number, phases: readonly PhaseProgress[]): Progress {
  const last = phases.length - 1;
  let phase = open;
  while (phase < last && isMet(phases[phase])) phase += 1;
  if (phase > open) return { kind: 'advance', phase };
  const unanswered = phases.reduce(
    (sum, each) => sum + each.members - each.proven - each.failed,
    0,
  );
  const done = phase === last && isMet(phases[last]) && unanswered === 0;
  return { kind: done ? 'complete' : 'none' };
}

function isMet(phase: PhaseProgress | undefined): boolean {
  return phase !== undefined && phase.proven * 100 >= phase.successPercent * phase.members;
}
