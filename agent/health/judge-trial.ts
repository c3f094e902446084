/** When a trial has passed, and when it never will. */
export interface TrialRule {
  readonly holdMs: number;
  readonly deadlineMs: number;
  /** After how long the device may commit without having reached its server; undefined: never. */
  readonly commitOfflineAfterMs: number | undefined;
  /** How often one probe may break after it was healthy; undefined: as long as there is time. */
  readonly maxFlaps: number | undefined;
}

/** What was seen so far, in milliseconds since the trial began. */
export interface Observed {
  readonly elapsedMs: number;
  /** Since when every probe has been healthy without a break. */
  readonly healthySinceMs: number | undefined;
  /** The most breaks of any one probe. */
  readonly flaps: number;
  readonly reachedServer: boolean;
}

/** Mender #485: a good update is not thrown away for a lost network, unless the device says so. */
export function judgeTrial(
  { elapsedMs, healthySinceMs, flaps, reachedServer }: Observed,
  { holdMs, deadlineMs, commitOfflineAfterMs, maxFlaps }: TrialRule,
): 'passed' | 'failed' | 'waiting' {
  if (maxFlaps !== undefined && flaps > maxFlaps) return 'failed';
  const held = healthySinceMs !== undefined && elapsedMs - healthySinceMs >= holdMs;
  const mayBeAlone = commitOfflineAfterMs !== undefined && elapsedMs >= commitOfflineAfterMs;
  if (held && (reachedServer || mayBeAlone)) return 'passed';
  return elapsedMs >= deadlineMs ? 'failed' : 'waiting';
}
