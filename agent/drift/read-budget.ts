/** What reading slowly needs. */
export interface BudgetDeps {
  readonly bytesPerSecond: number;
  readonly milliseconds: () => number;
  /** Throws when the agent is told to end. */
  readonly pause: (milliseconds: number) => Promise<void>;
}

/** Reports bytes that were read, and returns when the next may be. */
export type AfterRead = (bytes: number) => Promise<void>;

/** Shorter pauses cost more than they spare. */
const SHORTEST_MS = 20;

/** Reads no faster than this on average; time that was not used is not saved up. */
export function readBudget({ bytesPerSecond, milliseconds, pause }: BudgetDeps): AfterRead {
  let freeAt = milliseconds();
  return async (bytes) => {
    const now = milliseconds();
    freeAt = Math.max(freeAt, now) + (bytes * 1_000) / bytesPerSecond;
    if (freeAt - now >= SHORTEST_MS) await pause(freeAt - now);
  };
}
