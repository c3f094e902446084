import type { RefusalRow } from './refusal-row.ts';

/** What the metadata, the director and the manifest can be refused for. */
export const TRUST_REFUSALS = {
  metadata_malformed: {
    clause: 'TUF 4.2',
    attack: 'parser differential',
    says: 'a metadata file is not what the specification allows',
  },
  metadata_too_large: {
    clause: 'TUF 5.3.3',
    attack: 'endless data',
    says: 'a file is longer than a device will read',
  },
  metadata_missing: {
    clause: 'TUF 5.4.1',
    attack: 'denial of service',
    says: 'the repository does not have a file that it must have',
  },
  spec_version_unsupported: {
    clause: 'TUF 4.3',
    attack: 'parser differential',
    says: 'the repository speaks another major version of TUF',
  },
  key_id_mismatch: {
    clause: 'TUF 4.3',
    attack: 'threshold forging',
    says: 'a key is listed under an id that is not its own',
  },
  threshold_not_met: {
    clause: 'TUF 5.3.4',
    attack: 'arbitrary software',
    says: 'too few of the keys that may sign this have signed it',
  },
  root_version_wrong: {
    clause: 'TUF 5.3.5',
    attack: 'rollback',
    says: 'a new root must be exactly one version above the trusted one',
  },
  too_many_roots: {
    clause: 'TUF 5.3.3',
    attack: 'endless data',
    says: 'more roots in a row than a device will follow',
  },
  version_rolled_back: {
    clause: 'TUF 5.4.3',
    attack: 'rollback',
    says: 'older than what this device has already verified',
  },
  version_reused: {
    clause: 'Uptane 5.2.1',
    attack: 'replay with other content',
    says: 'the same version number was signed over other content',
  },
  role_removed: {
    clause: 'TUF 5.5.5',
    attack: 'rollback',
    says: 'a role that was in the snapshot is gone from it',
  },
  metadata_mismatched: {
    clause: 'TUF 5.5.2',
    attack: 'mix and match',
    says: 'a file is not the one that its parent names',
  },
  metadata_expired: {
    clause: 'TUF 5.4.4',
    attack: 'freeze',
    says: 'the metadata has expired: the server is stale, held back, or the clock is wrong',
  },
  clock_untrusted: {
    clause: 'Uptane 5.4.2.2',
    attack: 'freeze by clock',
    says: 'the server states a time that no root vouches for',
  },
  nonce_mismatch: {
    clause: 'Uptane 5.4.2.2',
    attack: 'replay',
    says: 'the answer does not repeat the nonce that this device sent',
  },
  offline_word_online: {
    clause: 'Sealift offline rule',
    attack: 'freeze',
    says: 'a word that was signed to be carried to a device came over the network',
  },
  offline_not_granted: {
    clause: 'Sealift offline rule',
    attack: 'freeze',
    says: 'the root of the director does not allow an installation without the network, or not for so long',
  },
  bundle_malformed: {
    clause: 'Sealift offline bundle',
    attack: 'hostile bundle',
    says: 'the offline bundle is cut, has other entries than plain files, or no word for this device',
  },
  too_many_delegations: {
    clause: 'TUF 5.6.7.1',
    attack: 'endless data',
    says: 'more delegations than a device will follow',
  },
  wrong_device: {
    clause: 'Uptane 5.2.3.1.1',
    attack: 'replay to another device',
    says: 'this assignment was signed for another device',
  },
  director_delegates: {
    clause: 'Uptane 5.4.4.6',
    attack: 'arbitrary software',
    says: 'a director may not delegate',
  },
  assignment_ambiguous: {
    clause: 'Uptane 5.4.4.6',
    attack: 'mix and match',
    says: 'a device is assigned one release at a time',
  },
  release_not_signed: {
    clause: 'Uptane 5.4.4.2',
    attack: 'arbitrary software',
    says: 'no author has signed the release that the server assigned',
  },
  target_mismatch: {
    clause: 'Uptane 5.4.4.2',
    attack: 'mix and match',
    says: 'the server and the author describe the release differently',
  },
  hardware_mismatch: {
    clause: 'Uptane 5.4.3.4',
    attack: 'wrong hardware',
    says: 'the release is for other hardware',
  },
  security_epoch_rolled_back: {
    clause: 'Uptane 5.4.3.4',
    attack: 'rollback to a vulnerable release',
    says: 'the release is from before a security epoch that this device has committed',
  },
  release_counter_rolled_back: {
    clause: 'Uptane 5.4.3.4',
    attack: 'rollback',
    says: 'the release is older than one that this device has committed, and its author has not issued it again',
  },
  release_recalled: {
    clause: 'Sealift recall',
    attack: 'rollback to a vulnerable release',
    says: 'the author has recalled this release',
  },
  manifest_hash_mismatch: {
    clause: 'TUF 5.7.3',
    attack: 'arbitrary software',
    says: 'the manifest is not the one that was signed',
  },
  manifest_malformed: {
    clause: 'Sealift manifest',
    attack: 'parser differential',
    says: 'the manifest is not one that this agent understands',
  },
  manifest_mismatched: {
    clause: 'Sealift manifest',
    attack: 'mix and match',
    says: 'the manifest and the metadata that vouches for it disagree',
  },
} as const satisfies Readonly<Record<string, RefusalRow>>;
