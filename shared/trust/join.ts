import type * as z from 'zod/mini';
import type { Hashes } from '../metadata/fields.ts';
import type { TargetFile } from '../metadata/targets.ts';
import { isSameMustMatch, TargetCustom, type MustMatch } from '../release/must-match.ts';
import { Refusal } from './refusal.ts';

/** What a device is, and what it may still go to. */
export interface DeviceFacts {
  readonly hardwareId: string;
  readonly product: string;
  /** The highest security epoch this device has committed. */
  readonly securityEpoch: number;
  /** The highest release counter this device has committed. */
  readonly releaseCounter: number;
  /** Manifests, by sha256, whose recall this device has seen: no older metadata brings them back. */
  readonly recalledReleases: readonly string[];
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
  if (director.length !== image.length || !sameHashes(director.hashes, image.hashes)) {
    throw new Refusal('target_mismatch', `director and image name different bytes for ${path}`);
  }
  const assigned = customOf(`director target ${path}`, director).mustMatch;
  const { mustMatch: signed, recall } = customOf(`image target ${path}`, image);
  if (!isSameMustMatch(assigned, signed)) {
    throw new Refusal('target_mismatch', `director and image differ in mustMatch for ${path}`);
  }
  if (recall !== undefined) throw recalled(path, recall.reason);
  if (device.recalledReleases.some((sha256) => sha256 === image.hashes.sha256)) {
    throw recalled(path, 'this device has seen its recall before');
  }
  requireFit(path, signed, device);
}

/** The refusal of a release that its author has recalled. */
export function recalled(path: string, reason: string): Refusal {
  return new Refusal('release_recalled', `${path} was recalled: ${reason}`);
}

/** Uptane 5.4.3.4(3), (5): from what the *author* signed, so that no server can widen it. */
export function requireFit(
  path: string,
  { hardwareIds, securityEpoch, releaseCounter }: MustMatch,
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
  // Within an epoch too: going back is the author's act, who counts the older release up again.
  if (releaseCounter < device.releaseCounter) {
    throw new Refusal(
      'release_counter_rolled_back',
      `${path} is number ${releaseCounter} of its product, this device has committed ${device.releaseCounter}`,
    );
  }
}

/** What a target says of its release: ours always carry one, so a target without is not a release. */
export function customOf(name: string, file: TargetFile): z.output<typeof TargetCustom> {
  const custom = TargetCustom.safeParse(file.custom);
  if (custom.success) return custom.data;
  throw new Refusal('metadata_malformed', `${name} lacks mustMatch, or its recall is unreadable`);
}

/** All that both name, and at least one. */
function sameHashes(left: Hashes, right: Hashes): boolean {
  const both = (['sha256', 'sha512'] as const).filter(
    (name) => left[name] !== undefined && right[name] !== undefined,
  );
  return both.length > 0 && both.every((name) => left[name] === right[name]);
}
