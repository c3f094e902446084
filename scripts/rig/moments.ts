/** What the rig sees of the board while it waits for a moment. */
export interface View {
  /** What the board has said since the power came, or since the update was offered. */
  readonly serial: string;
  /** Bytes that were written since the slot began to be written. */
  readonly written: number;
  /** Bytes that were read since the last one was written. */
  readonly onlyRead: number;
  readonly imageBytes: number;
}

/** A kind of moment to pull the plug in. */
export interface Moment {
  readonly name: string;
  /** Whether it has come; `chance` is drawn once for each cut, from 0 up to 1. */
  readonly hasCome: (view: View, chance: number) => boolean;
  /** Seconds to wait after that, for a chance of its own. */
  readonly delay: (chance: number) => number;
}

const SLOT_WRITE: Moment = {
  name: 'slot write',
  // What is zero already is not written, so less is written than the image has.
  hasCome: ({ serial, written, imageBytes }, chance) =>
    serial.includes('"stage":"installing"') && written > chance * 0.6 * imageBytes,
  delay: () => 0,
};

/** While a slot is written only its zeros are read for long: at most a third of an image. */
export function isReadBack(onlyRead: number, imageBytes: number): boolean {
  return onlyRead > 0.35 * imageBytes;
}

const READ_BACK: Moment = {
  name: 'read-back',
  hasCome: ({ serial, onlyRead, imageBytes }, chance) =>
    serial.includes('"stage":"installing"') &&
    isReadBack(onlyRead - chance * 0.6 * imageBytes, imageBytes),
  delay: () => 0,
};

const ENVIRONMENT_WRITE: Moment = {
  name: 'environment write',
  // Bad, good and primary are written twice each: one of the six.
  hasCome: ({ serial }, chance) =>
    count(serial, /##SETENV begin/g) > Math.floor(chance * 6) || serial.includes('"stage":"trial"'),
  delay: (chance) => chance * 0.3,
};

const FIRST_BOOT: Moment = {
  name: 'first boot',
  hasCome: ({ serial }) => /"stage":"activating"[\s\S]*##ENV/.test(serial),
  // More often early, when U-Boot writes its environment, than late.
  delay: (chance) => chance ** 2 * 8,
};

const TRIAL: Moment = {
  name: 'trial',
  hasCome: ({ serial }) => serial.includes('"stage":"trial"'),
  delay: (chance) => chance * 2.5,
};

const COMMIT: Moment = {
  name: 'commit',
  hasCome: ({ serial }) => serial.includes('"stage":"committing"'),
  delay: (chance) => chance * 0.8,
};

const AT_RANDOM: Moment = {
  name: 'random',
  hasCome: () => true,
  delay: (chance) => 1 + chance * 75,
};

/**
 * Which moments an update is cut in, in turn. Each start of a slot on trial takes one of its three
 * tries, so at most two cuts an update come after the switch: with three, falling back is right, and
 * the commit would never be seen.
 */
export const PLANS: readonly (readonly Moment[])[] = [
  [SLOT_WRITE, ENVIRONMENT_WRITE, FIRST_BOOT, TRIAL],
  [READ_BACK, ENVIRONMENT_WRITE, COMMIT],
  [AT_RANDOM, AT_RANDOM, AT_RANDOM],
  [SLOT_WRITE, READ_BACK, FIRST_BOOT, COMMIT],
  [ENVIRONMENT_WRITE, ENVIRONMENT_WRITE, TRIAL, COMMIT],
  [AT_RANDOM, AT_RANDOM, FIRST_BOOT, FIRST_BOOT, FIRST_BOOT],
];

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
