import { currentOrNone } from '../boot/current-or-none.ts';
import { isOfPlatform } from '../platform-error.ts';
import type { Session } from '../session.ts';
import { Stopped } from '../stopped.ts';
import { lookAtSlot, tellDrift, type DriftLook } from './look-for-drift.ts';
import { wantsRepair } from './repair.ts';

/** Looks at the running slot now and then, beside everything else that the agent does. */
export interface DriftWatch {
  /** Begins a look in the background, if it is time for one and none is under way. */
  readonly lookIfDue: () => void;
  /** Tells what a look that has ended found. Answers whether it asks for a repair. */
  readonly settle: () => Promise<boolean>;
  /** Returns when nothing goes on any more; the agent has been told to end. */
  readonly end: () => Promise<void>;
}

const HOUR_MS = 3_600_000;

/** A watch of this session. The start of the agent has just looked itself. */
export function watchDrift(session: Session): DriftWatch {
  const { everyHours, repair } = session.agent.config.drift;
  const { milliseconds } = session.agent.ambient;
  let last = milliseconds();
  let underWay: Promise<void> | undefined;
  let found: DriftLook | undefined;
  let bug: Error | undefined;
  const look = async (): Promise<void> => {
    try {
      found = await lookAtSlot(session, session.agent.findInstallerSlowly);
    } catch (cause) {
      if (isOfPlatform(cause)) session.agent.log('drift_unknown', { detail: cause.message });
      else if (!(cause instanceof Stopped))
        bug = new Error('bug: a look for drift broke', { cause });
    } finally {
      last = milliseconds();
      underWay = undefined;
    }
  };
  return {
    lookIfDue: () => {
      if (everyHours === 0 || milliseconds() - last < everyHours * HOUR_MS) return;
      underWay ??= look();
    },
    settle: async () => {
      if (bug !== undefined) throw bug;
      const seen = found;
      found = undefined;
      if (seen === undefined || !(await isStillRunning(session, seen))) return false;
      await tellDrift(session, seen);
      return wantsRepair(await session.world.load(), seen.installed.release.manifestSha256, repair);
    },
    end: async () => {
      await underWay;
    },
  };
}

/** An update may have come in between: then the look was at something that is past. */
async function isStillRunning(
  { agent, world }: Session,
  { slot, installed }: DriftLook,
): Promise<boolean> {
  if ((await currentOrNone(agent.boot)) !== slot) return false;
  const now = (await world.load()).slots[slot];
  return now?.release.manifestSha256 === installed.release.manifestSha256;
}
