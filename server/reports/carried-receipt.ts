import type { Report } from '../../shared/protocol/report.ts';
import { applyReport, type AssignedRelease, type Effects, type Known } from './apply-report.ts';

/**
 * A receipt for a release that somebody carried to the device: proof like any other, of a release that
 * no rollout assigned. It takes the place of what a rollout had the device run, which is over, and is
 * no failure of it. Undefined when it proves nothing.
 */
export function applyCarried(
  known: Known,
  release: AssignedRelease,
  report: Report,
): Effects | undefined {
  const { event } = report;
  if (event.kind !== 'receipt') return undefined;
  if (event.release.manifestSha256 !== release.manifestSha256) return undefined;
  const proof = applyReport({ ...known, assignment: { state: 'trial', release } }, report);
  if (proof.assignment?.state !== 'proven') return undefined;
  const isOver = known.assignment === undefined || known.assignment.state === 'withdrawn';
  const superseded = { state: 'withdrawn', code: 'superseded', detail: BY_HAND } as const;
  return { ...proof, assignment: isOver ? undefined : superseded };
}

const BY_HAND = 'a newer release was carried to the device';
