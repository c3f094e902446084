import type { Manifest } from '../../shared/release/manifest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { ProvenancePolicy } from './provenance.ts';

/** What this device asks of a release beyond genuine signatures. */
export interface DevicePolicy {
  readonly requireSbom: boolean;
  readonly provenance: ProvenancePolicy | undefined;
}

/** CRA Annex I asks that components are known: a device may insist on it. */
export function requireSbom({ sbom, version }: Manifest, policy: DevicePolicy): void {
  if (policy.requireSbom && sbom === undefined) {
    throw new Refusal('sbom_missing', `${version} comes without an SBOM`);
  }
}

/** NervesHub #202: a release that failed here would fail again, in a loop. */
export function requireNotFailed(
  failedReleases: readonly string[],
  { version }: Manifest,
  manifestSha256: string,
): void {
  if (failedReleases.includes(manifestSha256)) {
    throw new Refusal('release_failed_before', `${version} has failed on this device before`);
  }
}
