import type { DeviceRow } from '../database/schema.ts';

/** When a device was last heard of, and whether it came or went. */
export interface Sighting {
  readonly seenAt: Date;
  readonly presence: DeviceRow['presence'] | undefined;
}

/** Sightings that wait to be written: the newest of each device. */
export interface Sightings {
  readonly note: (deviceId: string, presence?: DeviceRow['presence']) => void;
  /** Everything since the last time, in batches of at most {@link MAX_BATCH}. */
  readonly take: () => ReadonlyMap<string, Sighting>;
}

/** One batch holds the database for some 20 ms. */
export const MAX_BATCH = 500;

/**
 * Gathers sightings in memory, so that a check-in costs no write: a thousand polls of a minute
 * become one transaction. What a crash loses is only how recently a device was seen.
 */
export function gatherSightings(now: () => Date): Sightings {
  const waiting = new Map<string, Sighting>();
  return {
    note: (deviceId, presence) => {
      const before = waiting.get(deviceId)?.presence;
      waiting.set(deviceId, { seenAt: now(), presence: presence ?? before });
    },
    take: () => {
      const taken = new Map([...waiting].slice(0, MAX_BATCH));
      for (const id of taken.keys()) waiting.delete(id);
      return taken;
    },
  };
}
