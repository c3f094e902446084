/** Everything the program takes from outside, so that a test can hand in its own. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** Random bytes that nobody can guess: keys, salts. */
  readonly random: (length: number) => Uint8Array;
  /** Results, to stdout. */
  readonly print: (text: string) => void;
  /** Progress and errors, to stderr. */
  readonly note: (text: string) => void;
  /** Whether a person is looking: then progress may redraw itself. */
  readonly isTerminal: boolean;
  /** Asks for something that must not be shown; undefined where nobody can answer. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  /** Asks for a yes; undefined where nobody can answer. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
  readonly fetch: typeof fetch;
  /** Resolves after the time, or at once when interrupted. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Ctrl-C. */
  readonly interrupted: AbortSignal;
}
