import { manifestPath } from '../../shared/release/names.ts';
import type { Manifest } from '../../shared/release/manifest.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { TargetsFile } from '../../shared/metadata/targets.ts';
import { nextCounter } from './release-order.ts';
import { daysAfter, keyRecord, roleKeys, TARGETS_DAYS, type RoleChoice } from './first-metadata.ts';

/**
 * The next version of image targets, which hands everything below `<product>/` to the product's own role.
 *
 * Terminating: nobody else may ever speak about the product's names. Two stars, because a star stays
 * within one segment of `<product>/<version>/manifest.json`.
 */
export function withDelegation(
  targets: TargetsFile,
  product: string,
  choice: RoleChoice,
  now: Date,
): TargetsFile {
  const role = {
    name: product,
    ...roleKeys(choice),
    paths: [`${product}/*/*`],
    terminating: true,
  };
  return {
    ...nextVersion(targets, now),
    delegations: {
      ...targets.delegations,
      keys: { ...targets.delegations?.keys, ...keyRecord(choice.keys) },
      roles: [...(targets.delegations?.roles ?? []), role],
    },
  };
}

/** The next version of a product's role, which vouches for one more release. It never drops one. */
export function withRelease(
  role: TargetsFile,
  manifest: Pick<Manifest, 'product' | 'version' | 'securityEpoch' | 'hardwareIds'>,
  bytes: Uint8Array,
  now: Date,
): TargetsFile {
  const { product, version, securityEpoch, hardwareIds } = manifest;
  const target = {
    length: bytes.length,
    hashes: { sha256: sha256Hex(bytes) },
    custom: { mustMatch: { securityEpoch, hardwareIds, releaseCounter: nextCounter(role) } },
  };
  return {
    ...nextVersion(role, now),
    targets: { ...role.targets, [manifestPath(product, version)]: target },
  };
}

function nextVersion(targets: TargetsFile, now: Date): TargetsFile {
  return { ...targets, version: targets.version + 1, expires: daysAfter(now, TARGETS_DAYS) };
}
