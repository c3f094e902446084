import { backoffMs, type Backoff } from '../link/backoff.ts';
import { isSlow } from '../link/pace.ts';
import { troubleOf, type Trouble } from '../link/trouble.ts';
import { Unreachable } from '../link/unreachable.ts';
import { downloadBlob, SpoiledResume, type DownloadDeps, type NamedBlob } from './download-blob.ts';
import { BrokenOff } from './receive.ts';

/** What trying again needs. */
export interface TryDeps extends DownloadDeps {
  readonly backoff: Backoff;
  readonly random: () => number;
  /** Answers false when the agent was told to end meanwhile. */
  readonly pause: (milliseconds: number) => Promise<boolean>;
}

/** Tries in a row that brought nothing, before the server is left alone until the next poll. */
const TRIES = 6;
/** Tries that were too slow, before somebody is told: each has gone on where the one before stood. */
const SLOW_TRIES = 3;
/** A try that brought at least this much was not in vain. */
const PROGRESS_BYTES = 64 * 1_024;

interface Tried {
  readonly inVain: number;
  readonly slow: number;
  readonly spoiled: number;
}

/** Downloads, again and again. Answers what the trouble was when it is left for later. */
export async function tryAgain(deps: TryDeps, blob: NamedBlob): Promise<Trouble | undefined> {
  let tried: Tried = { inVain: 0, slow: 0, spoiled: 0 };
  for (;;) {
    try {
      await downloadBlob(deps, blob);
      return undefined;
    } catch (cause) {
      tried = countIn(tried, cause);
      if (cause instanceof Unreachable && (tried.inVain >= TRIES || tried.slow >= SLOW_TRIES)) {
        return troubleOf(cause);
      }
    }
    if (!(await deps.pause(backoffMs(tried.inVain, deps.backoff, deps.random)))) {
      return { code: 'stopped', detail: 'the agent was told to end' };
    }
  }
}

/** Anything that another try cannot change is thrown on. */
function countIn(tried: Tried, cause: unknown): Tried {
  if (cause instanceof SpoiledResume && tried.spoiled === 0) return { ...tried, spoiled: 1 };
  if (!(cause instanceof Unreachable)) throw cause;
  const slow = tried.slow + (isSlow(cause) ? 1 : 0);
  const hasBrought = cause instanceof BrokenOff && cause.receivedBytes >= PROGRESS_BYTES;
  return { ...tried, slow, inVain: hasBrought ? 1 : tried.inVain + 1 };
}
