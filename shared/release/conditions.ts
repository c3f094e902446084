import * as z from 'zod/mini';
import { Length } from '../metadata/fields.ts';

const timeOfDay = z.string().check(z.regex(/^([01]\d|2[0-3]):[0-5]\d$/));
const ZONE = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/;

/** Whose clock on the wall counts: the device's own, or that of a place, as IANA names it. */
const zone = z.string().check(
  z.maxLength(64),
  z.refine((name) => name === 'device' || isTimeZone(name), 'is no time zone that is known here'),
);

const interfaces = z
  .array(z.string().check(z.regex(/^[A-Za-z0-9_.:@-]{1,32}\*?$/)))
  .check(z.minLength(1), z.maxLength(16));

/**
 * When a device may begin to install a release; all of them must hold at once. Strict: a condition
 * that the agent does not know must hold the release back, not be skipped.
 */
export const Conditions = z.strictObject({
  /** Only between these times of day, `HH:MM`; over midnight too. UTC where no zone is named. */
  window: z.optional(z.strictObject({ from: timeOfDay, to: timeOfDay, zone: z.optional(zone) })),
  battery: z.optional(
    z
      .strictObject({
        minPercent: z.optional(z.int().check(z.minimum(1), z.maximum(100))),
        /** `required` as well; or it `suffices`, whatever the battery holds. */
        mains: z.optional(z.enum(['required', 'suffices'])),
      })
      .check(
        z.refine(
          ({ minPercent, mains }) => minPercent !== undefined || mains === 'required',
          'asks for nothing',
        ),
      ),
  ),
  network: z.optional(
    z
      .strictObject({
        unmetered: z.optional(z.literal(true)),
        /** The way to the server leads through one of these; a `*` at the end stands for any rest. */
        interfaces: z.optional(interfaces),
      })
      .check(
        z.refine(
          ({ unmetered, interfaces: names }) => unmetered === true || names !== undefined,
          'asks for nothing',
        ),
      ),
  ),
  /** Free on every file system that the agent writes to. */
  freeBytes: z.optional(Length),
  /** Load of the last minute, in percent of the processors that there are. */
  maxLoadPercent: z.optional(z.int().check(z.minimum(1), z.maximum(10_000))),
  /** Somebody at the device says yes. */
  consent: z.optional(z.literal(true)),
});
export type Conditions = Readonly<z.infer<typeof Conditions>>;

/** What of them may keep a device waiting. */
export const CONDITION_NAMES = [
  'window',
  'battery',
  'network',
  'space',
  'load',
  'consent',
] as const;
export type ConditionName = (typeof CONDITION_NAMES)[number];

/** Whether a place is known here whose clocks can be read. */
export function isTimeZone(name: string): boolean {
  if (!ZONE.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false; // RangeError: nobody here knows this place
  }
}
