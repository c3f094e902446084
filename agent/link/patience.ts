import type { Config } from '../config/load-config.ts';
import type { Backoff } from './backoff.ts';
import type { Pace } from './pace.ts';

/** Between tries of a download, of a poll, of a delivery. */
export const BACKOFF: Backoff = { firstMs: 1_000, maxMs: 300_000 };
/** For an answer that is no file. */
export const ANSWER_MS = 60_000;

/** How slowly files may come, as it is configured. */
export function paceOf(
  { minBytesPerSecond, windowSeconds }: Config['retrieval'],
  milliseconds: () => number,
): Pace {
  return { bytesPerSecond: minBytesPerSecond, windowMs: windowSeconds * 1_000, milliseconds };
}
