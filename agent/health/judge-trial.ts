/** When a trial has passed, and when it never will. */
export interface TrialRule {
  readonly holdMs: number;
  readonly deadlineMs: number;
  /** Whether the device may commit without having reached its server. */
  readonly commitOffline: boolean;
}

/** What was seen so far, in milliseconds since the trial began. */
export interface Observed {
  readonly elapsedMs: number;
  /** Since when every probe has been healthy without a break. */
  readonly healthySinceMs: number | undefined;
  readonly reachedServer: boolean;
}

/** Mender #485: a good update is not thrown away for a lost network, unless the device says so. */
export function judgeTrial(
  { elapsedMs, healthySinceMs, reachedServer }: Observed,
  { holdMs, deadlineMs, commitOffline }: TrialRule,
): 'passed' | 'failed' | 'waiting' {
  const held = healthySinceMs !== undefined && elapsedMs - healthySinceMs >= holdMs;
  if (held && (reachedServer || commitOffline)) return 'passed';
  return elapsedMs >= deadlineMs ? 'failed' : 'waiting';
}
