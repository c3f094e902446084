import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Conditions } from '../../shared/release/conditions.ts';
import { namesIn } from '../names-in.ts';

/** One power supply, as the kernel describes it (Documentation/ABI/testing/sysfs-class-power). */
export interface Supply {
  readonly type: string;
  /** `Device`: the battery of something that is plugged in, which does not feed this board. */
  readonly scope: string | undefined;
  readonly online: string | undefined;
  readonly capacity: string | undefined;
  readonly status: string | undefined;
}

/** What a device lives on. */
export interface Power {
  readonly isOnMains: boolean;
  /** Of the emptiest battery; undefined where there is none, null where one does not tell. */
  readonly percent: number | null | undefined;
}

/** Where the kernel tells of power supplies. */
export const POWER_SUPPLIES = '/sys/class/power_supply';

/** Reads the power supplies of this device; one without that folder has no battery. */
export async function readPower(folder: string): Promise<Power> {
  const supplies: Supply[] = [];
  for (const name of await namesIn(folder)) {
    const read = (field: string): Promise<string | undefined> => wordIn(join(folder, name, field));
    supplies.push({
      type: (await read('type')) ?? '',
      scope: await read('scope'),
      online: await read('online'),
      capacity: await read('capacity'),
      status: await read('status'),
    });
  }
  return powerOf(supplies);
}

/** A charging battery is on mains, whether or not the board knows its charger. */
const FED: ReadonlySet<string | undefined> = new Set(['Charging', 'Full', 'Not charging']);

/** What several supplies come to. */
export function powerOf(all: readonly Supply[]): Power {
  const ours = all.filter(({ scope }) => scope !== 'Device');
  const batteries = ours.filter(({ type }) => type === 'Battery' || type === 'UPS');
  if (batteries.length === 0) return { isOnMains: true, percent: undefined };
  const chargers = ours.filter(
    (supply) => !batteries.includes(supply) && supply.online !== undefined,
  );
  const isOnMains =
    chargers.length > 0
      ? chargers.some(({ online }) => online !== '0')
      : batteries.every(({ status }) => FED.has(status));
  const percents = batteries.map(({ capacity }) => percentOf(capacity));
  const isKnown = percents.every((percent) => percent !== null);
  return { isOnMains, percent: isKnown ? Math.min(...percents) : null };
}

/** What of a condition does not hold; undefined when it does. Without a battery nothing can run out. */
export function whyNotPower(
  { minPercent, mains }: NonNullable<Conditions['battery']>,
  { isOnMains, percent }: Power,
): string | undefined {
  if (mains === 'suffices' && isOnMains) return undefined;
  if (mains === 'required' && !isOnMains) return 'not on mains';
  if (minPercent === undefined || percent === undefined) return undefined;
  if (percent === null) return `the battery does not say how full it is, ${minPercent} % are asked`;
  return percent >= minPercent ? undefined : `${percent} %, ${minPercent} % are asked`;
}

function percentOf(capacity: string | undefined): number | null {
  return capacity !== undefined && /^\d{1,3}$/.test(capacity) ? Number(capacity) : null;
}

/** A field that a driver does not have is missing, or answers with an error when it is read. */
async function wordIn(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return undefined;
  }
}
