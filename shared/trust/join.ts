import type { TargetFile } from '../metadata/targets.ts';
import { isSameMustMatch, TargetCustom, type MustMatch } from '../release/must-match.ts';
import { Refusal } from './refusal.ts';

/** What a device is, and the lowest epoch it may still go to. */
export interface DeviceFacts {
  readonly hardwareId: string;
  readonly product: string;
  /** The highest security epoch this device has committed. */
  readonly securityEpoch: number;
}

/**
 * Uptane 5.4.4.2(10): what the director assigns is what the author signed: length, all hashes and
 * mustMatch. Then (5.4.3.4) that it fits this board and is not from before a committed epoch.
 */
export function requireAgreement(
  path: string,
  director: TargetFile,
  image: TargetFile,
  device: DeviceFacts,
): void {
  if (director.length !== image.length || !sameHashes(director, image)) {
    throw new Refusal('target_mismatch', `director and image name different bytes for ${path}`);
  }
  const assigned = mustMatchOf(`director target ${path}`, director);
  const signed = mustMatchOf(`image target ${path}`, image);
  if (!isSameMustMatch(assigned, signed)) {
    throw new Refusal('target_mismatch', `director and image differ in mustMatch for ${path}`);
  }
  requireFit(path, signed, device);
}

/** Uptane 5.4.3.4(3), (5): from what the *author* signed, so that no server can widen it. */
export function requireFit(
  path: string,
  { hardwareIds, securityEpoch }: MustMatch,
  device: DeviceFacts,
): void {
  if (!hardwareIds.includes(device.hardwareId)) {
    const boards = hardwareIds.join(', ');
    throw new Refusal(
      'hardware_mismatch',
      `${path} is for ${boards}, this is ${device.hardwareId}`,
    );
  }
  if (securityEpoch < device.securityEpoch) {
    throw new Refusal(
      'security_epoch_rolled_back',
      `${path} has security epoch ${securityEpoch}, this device has committed ${device.securityEpoch}`,
    );
  }
}

/** `mustMatch` of a target: ours always carry one, so a target without is not a release. */
export function mustMatchOf(name: string, file: TargetFile): MustMatch {
  const custom = TargetCustom.safeParse(file.custom);
  if (!custom.success) throw new Refusal('metadata_malformed', `${name} has no mustMatch`);
  return custom.data.mustMatch;
}

function sameHashes(left: TargetFile, right: TargetFile): boolean {
  const { sha256, sha512 } = left.hashes;
  const shared =
    (sha256 !== undefined && right.hashes.sha256 !== undefined) ||
    (sha512 !== undefined && right.hashes.sha512 !== undefined);
  const differs = (a: string | undefined, b: string | undefined): boolean =>
    a !== undefined && b !== undefined && a !== b;
  return shared && !differs(sha256, right.hashes.sha256) && !differs(sha512, right.hashes.sha512);
}
