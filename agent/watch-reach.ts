import { keepTwice } from './install/kept-twice.ts';
import {
  CLEAR,
  isTimeToTell,
  noticed,
  onceMore,
  REACH_FORM,
  type Lasting,
  type Reach,
} from './link/reach.ts';
import type { Trouble } from './link/trouble.ts';
import type { Log } from './log.ts';
import type { World } from './run-update.ts';
import { isOfPlatform } from './platform-error.ts';
import { announce } from './state/transitions.ts';

/** Watches the way to the server, turn by turn. An idle device only. */
export interface ReachWatch {
  /** A turn in vain: the server was not reached, or what it said did not hold. */
  readonly troubled: (trouble: Trouble) => Promise<void>;
  /** A turn whose answer held; `hasDownloaded` when a file came as fast as it should. */
  readonly clear: (hasDownloaded: boolean) => Promise<void>;
}

/** What watching needs. */
export interface ReachDeps {
  readonly path: string;
  readonly world: Pick<World, 'load' | 'save' | 'now'>;
  readonly now: () => Promise<Date>;
  /** Polls in vain before it is an event (TUF 1.5.2: a client must notice that it cannot update). */
  readonly noticeAfterPolls: number;
  readonly log: Log;
}

/** Slow tries end a turn three at a time (try-again.ts), so one such turn is enough. */
const SLOW_TURNS = 1;

/** A watch over a file. */
export function watchReach(deps: ReachDeps): ReachWatch {
  const kept = keepTwice(deps.path, REACH_FORM);
  let known: Reach | undefined;
  const load = async (): Promise<Reach> => (known ??= (await kept.load()) ?? CLEAR);
  const save = async (reach: Reach): Promise<void> => {
    known = reach;
    await kept.save(reach);
  };
  const troubled = async (trouble: Trouble): Promise<void> => {
    const before = await load();
    const at = await deps.now();
    const cutOff = noticeCutOff(deps, onceMore(before.cutOff, trouble, at));
    const isSlow = trouble.code === 'slow_retrieval';
    const slow = isSlow ? await tellSlow(deps, onceMore(before.slow, trouble, at)) : before.slow;
    await save({ ...before, cutOff, slow });
  };
  const clear = async (hasDownloaded: boolean): Promise<void> => {
    const before = await load();
    if (before.cutOff === null && (before.slow === null || !hasDownloaded)) return;
    if (before.cutOff !== null) await tellReturn(deps, before.cutOff);
    await save({ ...before, cutOff: null, slow: hasDownloaded ? null : before.slow });
  };
  return {
    troubled: (trouble) => despiteDisk(deps.log, () => troubled(trouble)),
    clear: (hasDownloaded) => despiteDisk(deps.log, () => clear(hasDownloaded)),
  };
}

/** Watching is not worth ending for: a disk that is full today counts these turns in memory only. */
async function despiteDisk(log: Log, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (!isOfPlatform(cause)) throw cause;
    log('reach_not_kept', { detail: cause.message });
  }
}

/** Nobody can be told now, so it goes to the log and, on disk, to `status`. */
function noticeCutOff({ log, noticeAfterPolls }: ReachDeps, lasting: Lasting): Lasting {
  if (!isTimeToTell(lasting, noticeAfterPolls)) return lasting;
  const { since, times: polls, code, detail } = lasting;
  log('cut_off_noticed', { since, polls, code, detail });
  return { ...lasting, told: polls };
}

async function tellReturn(deps: ReachDeps, lasting: Lasting): Promise<void> {
  const { since, times: polls, code } = lasting;
  if (polls < deps.noticeAfterPolls) return;
  deps.log('cut_off_ended', { since, polls, code });
  await report(deps, noticed('cut_off', lasting));
}

async function tellSlow(deps: ReachDeps, lasting: Lasting): Promise<Lasting> {
  if (!isTimeToTell(lasting, SLOW_TURNS)) return lasting;
  await report(deps, noticed('slow_retrieval', lasting));
  return { ...lasting, told: lasting.times };
}

/** First the report, then the memory that it was made: at worst, it is told twice. */
async function report({ world }: ReachDeps, event: Parameters<typeof announce>[1]): Promise<void> {
  await world.save(announce(await world.load(), event, world.now()));
}
