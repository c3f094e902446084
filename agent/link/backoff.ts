/** How long to wait between tries, and chance as an argument. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds before try number `failures` + 1: doubled each time, up to the limit, and anywhere in
 * the upper half of that, so that a fleet that lost its server does not come back as one wave.
 */
export function backoffMs(
  failures: number,
  { firstMs, maxMs }: Backoff,
  random: () => number,
): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30));
  return Math.round(full / 2 + (full / 2) * random());
}

/** A regular interval, up to a tenth shorter: devices that started together drift apart. */
export function jitteredMs(intervalMs: number, random: () => number): number {
  return Math.round(intervalMs * (1 - random() / 10));
}
