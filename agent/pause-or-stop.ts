import { pause } from './pause.ts';
import { requireRunning } from './stopped.ts';

/** A pause that ends with `Stopped` when the agent is told to end. */
export function pauseOf(signal: AbortSignal): (milliseconds: number) => Promise<void> {
  return async (ms) => {
    await pause(ms, signal);
    requireRunning(signal);
  };
}
