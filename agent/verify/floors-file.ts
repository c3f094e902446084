import * as z from 'zod/mini';
import { SecurityEpoch } from '../../shared/release/manifest.ts';
import { ReleaseCounter } from '../../shared/release/must-match.ts';
import {
  NO_FLOORS,
  plainFloors,
  RepositoryFloorsSchema,
  type RepositoryFloors,
} from '../../shared/trust/floors.ts';
import { keepTwice, type Form, type KeptTwice } from '../install/kept-twice.ts';

/** The two repositories that a device follows. */
export type RepositoryName = 'image' | 'director';

/** Everything that this device may never go below. */
export interface DeviceFloors {
  readonly image: RepositoryFloors;
  readonly director: RepositoryFloors;
  /** The highest security epoch that was committed. */
  readonly securityEpoch: number;
  /** The highest release counter that was committed; 0 before the first. */
  readonly releaseCounter: number;
  /** The latest server time that was verified. */
  readonly time: Date;
}

const DeviceFloorsSchema = z.strictObject({
  image: RepositoryFloorsSchema,
  director: RepositoryFloorsSchema,
  securityEpoch: SecurityEpoch,
  releaseCounter: z._default(z.union([z.literal(0), ReleaseCounter]), 0),
  time: z.pipe(
    z.iso.datetime(),
    z.transform((text) => new Date(text)),
  ),
});

/** How floors are written to a file. */
export const FLOORS_FORM: Form<DeviceFloors> = {
  schema: DeviceFloorsSchema,
  plain: ({ image, director, securityEpoch, releaseCounter, time }) => ({
    image: plainFloors(image),
    director: plainFloors(director),
    securityEpoch,
    releaseCounter,
    time: time.toISOString(),
  }),
};

/** A device that has verified nothing yet. */
export const FIRST_FLOORS: DeviceFloors = {
  image: NO_FLOORS,
  director: NO_FLOORS,
  securityEpoch: 0,
  releaseCounter: 0,
  time: new Date(0),
};

/** The floors of a device: read from disk once, written twice at every rise. */
export interface FloorsFile {
  readonly load: () => Promise<DeviceFloors>;
  readonly saveRepository: (name: RepositoryName, floors: RepositoryFloors) => Promise<void>;
  /** Raises what is higher; lower values change nothing. */
  readonly raise: (floors: Partial<Rising>) => Promise<void>;
}

type Rising = Pick<DeviceFloors, 'securityEpoch' | 'releaseCounter' | 'time'>;

/** `<path>.json` and `<path>.backup.json`. */
export function floorsFile(path: string): FloorsFile {
  const kept: KeptTwice<DeviceFloors> = keepTwice(path, FLOORS_FORM);
  let known: Promise<DeviceFloors> | undefined;
  // Once for all who ask at the same time: two loads would both mend a torn copy, into one file.
  const load = (): Promise<DeviceFloors> =>
    (known ??= kept.load().then(
      (floors) => floors ?? FIRST_FLOORS,
      (cause: unknown) => {
        known = undefined; // a broken disk may be better next time
        throw cause;
      },
    ));
  const save = async (floors: DeviceFloors): Promise<void> => {
    await kept.save(floors);
    known = Promise.resolve(floors);
  };
  return {
    load,
    saveRepository: async (name, floors) => {
      const before = await load();
      const time = name === 'director' ? timeAfter(before, floors) : before.time;
      await save({ ...before, time, [name]: floors });
    },
    raise: async (rising) => {
      const floors = await load();
      const raised = raisedBy(floors, rising);
      if (isHigher(raised, floors)) await save(raised);
    },
  };
}

/**
 * uptane-standard#31: who stole the director's online keys may have stated a time far ahead. The root
 * that takes the keys from him takes his time back too, as TUF 5.3.11 takes his version numbers.
 */
function timeAfter(before: DeviceFloors, director: RepositoryFloors): Date {
  const isForgotten = before.director.timestamp !== undefined && director.timestamp === undefined;
  return isForgotten ? FIRST_FLOORS.time : before.time;
}

function raisedBy(floors: DeviceFloors, rising: Partial<Rising>): DeviceFloors {
  const { securityEpoch = 0, releaseCounter = 0, time } = rising;
  return {
    ...floors,
    securityEpoch: Math.max(floors.securityEpoch, securityEpoch),
    releaseCounter: Math.max(floors.releaseCounter, releaseCounter),
    time: time !== undefined && time > floors.time ? time : floors.time,
  };
}

function isHigher(raised: Rising, before: Rising): boolean {
  return (
    raised.securityEpoch > before.securityEpoch ||
    raised.releaseCounter > before.releaseCounter ||
    raised.time > before.time
  );
}
