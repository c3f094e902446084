import type { TrustedRepository } from '../../shared/trust/repository.ts';

const DAY_MILLISECONDS = 86_400_000;
/** Time enough to bring the holders of offline keys together. */
const NOTICE_DAYS = 45;

/**
 * What an author should hear before it is too late: once root or image targets has expired, no
 * device accepts a release, old or new.
 */
export function expiryNotices(
  { root, targets }: Pick<TrustedRepository, 'root' | 'targets'>,
  now: Date,
): readonly string[] {
  return [
    ['image root', root.expires] as const,
    ['image targets', targets.expires] as const,
  ].flatMap(([name, expires]) => {
    const days = Math.floor((expires.getTime() - now.getTime()) / DAY_MILLISECONDS);
    if (days >= NOTICE_DAYS) return [];
    const day = expires.toISOString().slice(0, 10);
    return [
      `warning: ${name} expires on ${day}, in ${days} days; then devices refuse every release`,
    ];
  });
}
