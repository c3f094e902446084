import type { Conditions } from '../../shared/release/conditions.ts';

/**
 * Whether a release may be installed at this time by the clock on the wall. A window may run over
 * midnight. Where clocks are changed it opens by what they show: not at all on the day that leaves it
 * out, twice on the day that repeats it.
 */
export function isInsideWindow(
  { from, to, zone = 'UTC' }: NonNullable<Conditions['window']>,
  now: Date,
  deviceZone: string | undefined,
): boolean {
  const time = timeOfDay(now, zone === 'device' ? deviceZone : zone);
  return from <= to ? from <= time && time < to : time >= from || time < to;
}

/** `HH:MM` there and then; without a zone in that of the system (`TZ`, /etc/localtime). */
export function timeOfDay(now: Date, timeZone: string | undefined): string {
  return new Intl.DateTimeFormat('en-GB', {
    ...(timeZone !== undefined && { timeZone }),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(now);
}
