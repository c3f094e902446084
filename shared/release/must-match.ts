import * as z from 'zod/mini';
import { HardwareIds, SecurityEpoch } from './manifest.ts';

/** What director and image must say alike of a release, checked before the manifest is read. */
export const MustMatch = z.looseObject({
  securityEpoch: SecurityEpoch,
  hardwareIds: HardwareIds,
});
export type MustMatch = Readonly<z.infer<typeof MustMatch>>;

/** `custom` of a target in both repositories: only this, so there is nothing else to disagree about. */
export const TargetCustom = z.looseObject({ mustMatch: MustMatch });

/** Whether both name the same epoch and the same boards, in whatever order. */
export function isSameMustMatch(left: MustMatch, right: MustMatch): boolean {
  const boards = ({ hardwareIds }: MustMatch): string => JSON.stringify([...hardwareIds].sort());
  return left.securityEpoch === right.securityEpoch && boards(left) === boards(right);
}
