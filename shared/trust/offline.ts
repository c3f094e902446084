import * as z from 'zod/mini';
import type { Root, RootFile } from '../metadata/root.ts';
import { Refusal } from './refusal.ts';

/** Longer than that nobody should have to trust what he cannot ask about again. */
export const MAX_OFFLINE_DAYS = 90;

const DAY_MILLISECONDS = 86_400_000;

const Days = z.int().check(z.minimum(1), z.maximum(MAX_OFFLINE_DAYS));
const Field = z.looseObject({ offline: z.optional(z.looseObject({ maxDays: Days })) });
/** A field that no TUF client knows and every TUF client preserves. */
const FIELD = 'x-sealift';

/**
 * For how many days at most, by the director's offline root, a word may hold for a device that cannot
 * ask; 0: not at all. A field that does not read allows nothing.
 */
export function offlineDays(root: Root | RootFile): number {
  const field = Field.safeParse(root[FIELD]);
  return field.success ? (field.data.offline?.maxDays ?? 0) : 0;
}

/** The same root, allowing that many days; 0 takes it back. Whatever else our field says stays. */
export function withOfflineDays(root: RootFile, maxDays: number): RootFile {
  const field = z.looseObject({}).safeParse(root[FIELD]);
  const others = Object.entries(field.success ? field.data : {}).filter(
    ([name]) => name !== 'offline',
  );
  const allowed = maxDays > 0 ? { offline: { maxDays } } : {};
  return { ...root, [FIELD]: { ...Object.fromEntries(others), ...allowed } };
}

/** How a word of the director came, and how long it claims to hold. */
export interface Manner {
  /** The word says of itself that it is for a device that cannot ask. */
  readonly isForOffline: boolean;
  /** Whoever stands at the device has handed it over. */
  readonly isHandedOver: boolean;
  readonly serverTime: Date;
  readonly expires: Date;
}

/**
 * A word that holds for weeks would be a freeze of weeks (A8) if it came over the network, and a word
 * for the network is nothing that a person carries: each goes its own way only. How long it may hold is
 * for the offline root to say, so that a thief of the online keys gains no day.
 */
export function requireManner(root: Root, manner: Manner): void {
  const { isForOffline, isHandedOver, serverTime, expires } = manner;
  if (!isHandedOver) {
    if (!isForOffline) return;
    throw new Refusal(
      'offline_word_online',
      'a word for devices that cannot ask came as an answer',
    );
  }
  if (!isForOffline) {
    throw new Refusal('offline_not_granted', 'the word was not signed to be carried to a device');
  }
  const days = (expires.getTime() - serverTime.getTime()) / DAY_MILLISECONDS;
  const granted = offlineDays(root);
  if (days <= granted) return;
  throw new Refusal(
    'offline_not_granted',
    `the word holds for ${Math.ceil(days)} days, the director's root allows ${granted}`,
  );
}
