/** One thing that was looked at. A problem says what to do about it. */
export type Finding =
  | { readonly name: string; readonly ok: true; readonly detail: string }
  | { readonly name: string; readonly ok: false; readonly detail: string; readonly remedy: string };

/** It is as it must be. */
export function well(name: string, detail: string): Finding {
  return { name, ok: true, detail };
}

/** It is not. */
export function problem(name: string, detail: string, remedy: string): Finding {
  return { name, ok: false, detail, remedy };
}

/** What an error says. */
export function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
