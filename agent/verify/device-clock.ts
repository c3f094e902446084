import type { ClockStanding } from '../../shared/protocol/standing.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { startTime } from '../../shared/trust/time-floor.ts';

/** What a device's clock is judged by. */
export interface ClockGround {
  readonly builtAt: Date;
  /** The latest server time that was verified. */
  readonly floor: Date;
  /** The configuration says that this device has no clock. */
  readonly isConfiguredUntrusted: boolean;
}

/** A clock that is this far behind the server's word is slow, not dead. */
const SLOW_MS = 300_000;
/** No root and no key of ours lives this long: whoever says that it is so late is wrong or lies. */
const AGENT_LIFE_MS = 20 * 365 * 86_400_000;

/** Whether to go by the clock (A9). What is known to have passed decides, not what somebody says. */
export function judgeClock(
  clock: Date,
  { builtAt, floor, isConfiguredUntrusted }: ClockGround,
): ClockStanding {
  if (isConfiguredUntrusted) return 'configured';
  if (clock < builtAt) return 'before_build';
  if (clock.getTime() < floor.getTime() - SLOW_MS) return 'before_floor';
  return clock.getTime() > latestFor(builtAt) ? 'far_ahead' : 'trusted';
}

/** The time of a device that may have no clock. */
export interface DeviceClock {
  readonly standing: () => Promise<ClockStanding>;
  /**
   * What TUF 5.1 takes as the time: the clock where it can be trusted; else counted on from what was
   * last verified, which is never later than it is.
   */
  readonly now: () => Promise<Date>;
}

/** What a device clock needs. */
export interface DeviceClockDeps {
  readonly now: () => Date;
  readonly milliseconds: () => number;
  readonly builtAt: Date;
  readonly floor: () => Promise<Date>;
  readonly isConfiguredUntrusted: boolean;
}

/** The clock of this device, for as long as the agent runs. */
export function deviceClock(deps: DeviceClockDeps): DeviceClock {
  const { builtAt, isConfiguredUntrusted } = deps;
  let counted: { readonly from: Date; readonly at: number } | undefined;
  const countOn = (known: Date): Date => {
    const at = deps.milliseconds();
    // Another word than before, be it a later one or one that was taken back: counted anew from it.
    if (counted?.from.getTime() !== known.getTime()) counted = { from: known, at };
    return new Date(Math.round(counted.from.getTime() + at - counted.at));
  };
  const standing = async (): Promise<ClockStanding> =>
    judgeClock(deps.now(), { builtAt, isConfiguredUntrusted, floor: await deps.floor() });
  return {
    standing,
    now: async () => {
      const known = startTime(builtAt, await deps.floor());
      return (await standing()) === 'trusted' ? startTime(deps.now(), known) : countOn(known);
    },
  };
}

/**
 * uptane-standard#31: a server time of MAXINT, once believed, would make everything expired for ever.
 * The director's offline root bounds it (director.ts), and here the life of an agent, whatever
 * anybody signed.
 */
export function requirePlausible(serverTime: Date, builtAt: Date): void {
  if (serverTime.getTime() <= latestFor(builtAt)) return;
  throw new Refusal('clock_untrusted', `the server says that it is ${serverTime.toISOString()}`);
}

function latestFor(builtAt: Date): number {
  return builtAt.getTime() + AGENT_LIFE_MS;
}
