import type { Ailment } from './ailment.ts';

/** What is known of the probes after some rounds of asking. */
export interface ProbeRounds {
  /** Since when every probe has been healthy without a break. */
  readonly healthySinceMs: number | undefined;
  /** Of each probe: whether it was healthy when last asked, and how often it broke after it was. */
  readonly probes: readonly { readonly isHealthy: boolean; readonly flaps: number }[];
  /** What is wrong now, one line each. */
  readonly ailments: readonly string[];
}

/** Before the first round. */
export const NO_ROUNDS: ProbeRounds = { healthySinceMs: undefined, probes: [], ailments: [] };

/** One more round. A slow start is no flap: only a probe that was healthy can break. */
export function nextRound(
  before: ProbeRounds,
  answers: readonly Ailment[],
  askedAtMs: number,
): ProbeRounds {
  const ailments = answers.filter((ailment) => ailment !== undefined);
  return {
    healthySinceMs: ailments.length > 0 ? undefined : (before.healthySinceMs ?? askedAtMs),
    probes: answers.map((ailment, at) => {
      const { isHealthy, flaps } = before.probes[at] ?? { isHealthy: false, flaps: 0 };
      const broke = isHealthy && ailment !== undefined;
      return { isHealthy: ailment === undefined, flaps: flaps + (broke ? 1 : 0) };
    }),
    ailments,
  };
}

/** The most breaks of any one probe. */
export function mostFlaps({ probes }: ProbeRounds): number {
  return Math.max(0, ...probes.map(({ flaps }) => flaps));
}
