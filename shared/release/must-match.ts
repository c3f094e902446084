import * as z from 'zod/mini';
import { HardwareIds, SecurityEpoch } from './manifest.ts';
import { Recall } from './recall.ts';

/**
 * Where a release stands in the order of its product: the author counts up with each release, and
 * again for an older one that devices shall go back to.
 */
export const ReleaseCounter = z.int().check(z.minimum(1));

/** What director and image must say alike of a release, checked before the manifest is read. */
export const MustMatch = z.looseObject({
  securityEpoch: SecurityEpoch,
  hardwareIds: HardwareIds,
  // Signed before there were counters: older than whatever has one.
  releaseCounter: z._default(ReleaseCounter, 0),
});
export type MustMatch = Readonly<z.infer<typeof MustMatch>>;

/** `custom` of a target: what both repositories repeat, and in the author's role a recall. */
export const TargetCustom = z.looseObject({ mustMatch: MustMatch, recall: z.optional(Recall) });

/** Whether both name the same epoch, the same boards in whatever order, and the same counter. */
export function isSameMustMatch(left: MustMatch, right: MustMatch): boolean {
  return left.releaseCounter === right.releaseCounter && isSameFit(left, right);
}

/** The part that never changes and that the manifest repeats: epoch and boards. */
export function isSameFit(
  left: Pick<MustMatch, 'securityEpoch' | 'hardwareIds'>,
  right: Pick<MustMatch, 'securityEpoch' | 'hardwareIds'>,
): boolean {
  const boards = ({ hardwareIds }: typeof left): string => JSON.stringify([...hardwareIds].sort());
  return left.securityEpoch === right.securityEpoch && boards(left) === boards(right);
}
