/** The agent was told to end. The stage is on disk; the next start goes on from there. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** Ends the work at hand when the agent is told to end. */
export function requireRunning(signal: AbortSignal): void {
  if (signal.aborted) throw new Stopped('the agent was told to end');
}
