import type { Conditions } from '../../shared/release/manifest.ts';

/** Whether a release may be installed at this time of day (UTC). A window may run over midnight. */
export function isInsideWindow({ window }: Conditions, now: Date): boolean {
  if (window === undefined) return true;
  const time = now.toISOString().slice(11, 16);
  const { from, to } = window;
  return from <= to ? from <= time && time < to : time >= from || time < to;
}
