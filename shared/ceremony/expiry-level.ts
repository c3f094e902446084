/** How urgent the renewal of a file is that only people can sign. */
export type ExpiryLevel = 'ok' | 'notice' | 'warning' | 'critical' | 'expired';

/** From the least to the most urgent. */
export const EXPIRY_LEVELS = ['ok', 'notice', 'warning', 'critical', 'expired'] as const;

const DAY = 86_400_000;

/** Whole days until a file expires, rounded down; negative after. */
export function daysUntil(expires: Date, now: Date): number {
  return Math.floor((expires.getTime() - now.getTime()) / DAY);
}

/** Whole days since something began, rounded down. */
export function daysSince(begin: Date, now: Date): number {
  return Math.floor((now.getTime() - begin.getTime()) / DAY);
}

/** Two months to find the holders, one to be reminded, a week to hurry. */
export function expiryLevel(expires: Date, now: Date): ExpiryLevel {
  const left = expires.getTime() - now.getTime();
  if (left <= 0) return 'expired';
  if (left <= 7 * DAY) return 'critical';
  if (left <= 30 * DAY) return 'warning';
  return left <= 60 * DAY ? 'notice' : 'ok';
}
