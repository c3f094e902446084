/** A watchdog that ends a trial which no longer moves: by resetting the board, or the agent. */
export interface Watchdog {
  /** Begins to count. Throws when there is no watchdog where the configuration has one. */
  readonly arm: () => Promise<void>;
  /** The work still moves: good for the next `milliseconds`, after which nobody feeds it any more. */
  readonly extend: (milliseconds: number) => void;
  /** Ends it in good order; never throws. Without this, whatever happens to the agent is a failed trial. */
  readonly disarm: () => Promise<void>;
}

/** One kind of watchdog: how it is fed, and how it is let go. */
export interface WatchdogLine {
  readonly feed: () => Promise<void>;
  readonly release: () => Promise<void>;
}

/** What feeding needs. */
export interface WatchdogDeps {
  readonly open: () => Promise<WatchdogLine>;
  readonly intervalMs: number;
  readonly milliseconds: () => number;
  readonly onTrouble: (detail: string) => void;
}

/** Nothing to feed. */
export const noWatchdog: Watchdog = {
  arm: () => Promise.resolve(),
  extend: () => undefined,
  disarm: () => Promise.resolve(),
};

/**
 * Feeds a line as long as the work says that it moves. The timer alone would feed it for ever in an
 * agent that waits for an answer which never comes: so each feeding rests on a lease.
 */
export function feedWatchdog({
  open,
  intervalMs,
  milliseconds,
  onTrouble,
}: WatchdogDeps): Watchdog {
  let line: WatchdogLine | undefined;
  let timer: NodeJS.Timeout | undefined;
  let goodUntil = 0;
  let feeding: Promise<void> = Promise.resolve();
  const feed = (): void => {
    const { feed: feedLine } = line ?? {};
    if (feedLine === undefined || milliseconds() > goodUntil) return;
    feeding = feeding.then(feedLine).catch((cause: unknown) => {
      onTrouble(cause instanceof Error ? cause.message : String(cause));
    });
  };
  return {
    arm: async () => {
      if (line !== undefined) return;
      line = await open();
      goodUntil = milliseconds() + intervalMs;
      timer = setInterval(feed, intervalMs);
      timer.unref(); // an agent that is told to end in a trial ends, and the watchdog counts on
      feed();
    },
    extend: (ms) => {
      goodUntil = milliseconds() + ms;
    },
    disarm: async () => {
      clearInterval(timer);
      const released = line;
      line = undefined;
      await feeding;
      try {
        await released?.release();
      } catch (cause) {
        onTrouble(cause instanceof Error ? cause.message : String(cause)); // it will reset the board
      }
    },
  };
}
