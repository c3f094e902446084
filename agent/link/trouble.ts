import { isSlow } from './pace.ts';
import type { Unreachable } from './unreachable.ts';

/** Why nothing came of a turn, where nobody is to blame: a code for programs, words for people. */
export interface Trouble {
  readonly code: string;
  readonly detail: string;
}

/** What was the trouble with the way to the server. */
export function troubleOf(cause: Unreachable): Trouble {
  const code = isSlow(cause) ? 'slow_retrieval' : 'server_unreachable';
  return { code, detail: cause.message };
}
