/** Where the broker drops a bundle, for a loop that mostly sleeps. Only the latest counts. */
export interface LetterBox {
  readonly put: (letter: Uint8Array) => void;
  readonly take: () => Uint8Array | undefined;
  /** Returns when there is a letter, when the time is over, or when the agent was told to end. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** An empty box. */
export function letterBox(): LetterBox {
  let held: Uint8Array | undefined;
  let wake = (): void => undefined;
  return {
    put: (letter) => {
      held = letter;
      wake();
    },
    take: () => {
      const taken = held;
      held = undefined;
      return taken;
    },
    wait: (milliseconds, signal) =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
          wake = () => undefined;
          resolve();
        };
        const timer = setTimeout(end, milliseconds);
        signal.addEventListener('abort', end);
        wake = end;
        if (held !== undefined || signal.aborted) end();
      }),
  };
}
