import { Unreachable } from './unreachable.ts';

/** How slowly a file may come: at least so many bytes in every window, until it is there. */
export interface Pace {
  readonly windowMs: number;
  readonly bytesPerSecond: number;
  /** Does not jump when the clock is set. */
  readonly milliseconds: () => number;
}

/**
 * Uptane 4.3.2: the file does come, but would never be there. Steady and slow is no attack: a window
 * is as long as the breaks of an honest radio link, and what came in it counts, not the moment.
 */
export class SlowRetrieval extends Unreachable {}

/** Told how many bytes have come so far; throws at the end of a window that brought too few. */
export function paceGuard({
  windowMs,
  bytesPerSecond,
  milliseconds,
}: Pace): (received: number) => void {
  const least = (bytesPerSecond * windowMs) / 1_000;
  let began = milliseconds();
  let before = 0;
  return (received) => {
    const now = milliseconds();
    if (now - began < windowMs) return;
    if (received - before < least) {
      const seconds = Math.round((now - began) / 1_000);
      throw new SlowRetrieval(`${received - before} bytes in ${seconds} s are too few`);
    }
    began = now;
    before = received;
  };
}

/** Whether something was given up because it was too slow. */
export function isSlow(cause: Error): boolean {
  return cause instanceof SlowRetrieval || cause.cause instanceof SlowRetrieval;
}
