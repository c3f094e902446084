import type { RefusalRow } from './refusal-row.ts';

/** What a verified manifest, its files and the device's own policy can be refused for. */
export const INSTALL_REFUSALS = {
  condition_unsupported: {
    clause: 'Sealift manifest',
    attack: 'policy evasion',
    says: 'the release sets a condition that this agent cannot check',
  },
  installer_unsupported: {
    clause: 'Sealift manifest',
    attack: 'wrong software',
    says: 'the release needs an installer that this device does not have',
  },
  sbom_missing: {
    clause: 'Sealift policy',
    attack: 'supply chain',
    says: 'this device installs only releases with an SBOM',
  },
  provenance_missing: {
    clause: 'Sealift policy',
    attack: 'supply chain',
    says: 'this device installs only releases with build provenance',
  },
  provenance_untrusted: {
    clause: 'Sealift policy',
    attack: 'supply chain',
    says: 'the provenance is not by a builder that this device trusts, or is of other bytes',
  },
  attestation_hash_mismatch: {
    clause: 'Sealift manifest',
    attack: 'supply chain',
    says: 'an attestation is not the one that was signed',
  },
  artifact_hash_mismatch: {
    clause: 'TUF 5.7.3',
    attack: 'arbitrary software',
    says: 'the artifact is not the one that was signed',
  },
  artifact_length_mismatch: {
    clause: 'TUF 5.7.3',
    attack: 'endless data',
    says: 'the artifact is longer or shorter than signed',
  },
  archive_malformed: {
    clause: 'Sealift installers',
    attack: 'arbitrary software',
    says: 'the archive cannot be read to its end',
  },
  archive_entry_refused: {
    clause: 'Sealift installers',
    attack: 'escape from the slot',
    says: 'the archive holds an entry that must not be unpacked',
  },
  archive_too_large: {
    clause: 'Sealift installers',
    attack: 'endless data',
    says: 'the archive unpacks to more than a device will write',
  },
  installed_digest_mismatch: {
    clause: 'Sealift installers',
    attack: 'arbitrary software',
    says: 'what stands in the slot is not what the author signed',
  },
  installed_digest_missing: {
    clause: 'Sealift installers',
    attack: 'arbitrary software',
    says: 'an image comes without the digest and length that must stand on the device',
  },
  component_unknown: {
    clause: 'Sealift installers',
    attack: 'wrong software',
    says: 'the release has a component that this device has no place for',
  },
  compression_unsupported: {
    clause: 'Sealift installers',
    attack: 'denial of service',
    says: 'the image is packed in a way that this device cannot unpack',
  },
  image_malformed: {
    clause: 'Sealift installers',
    attack: 'arbitrary software',
    says: 'the packed image cannot be unpacked to its end',
  },
  image_length_mismatch: {
    clause: 'Sealift installers',
    attack: 'endless data',
    says: 'the image unpacks to more or fewer bytes than signed',
  },
  restore_unsupported: {
    clause: 'Sealift installers',
    attack: 'wrong software',
    says: 'the archive must be restored with owners or attributes that this device cannot set',
  },
  release_failed_before: {
    clause: 'Sealift device',
    attack: 'update loop',
    says: 'this release has already failed on this device and is not tried again',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>;
