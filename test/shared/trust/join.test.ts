// Director and author must say the same of a release, in every word that both say.
import { describe, expect, test } from 'vitest';
import type { TargetFile } from '../../../shared/metadata/targets.ts';
import { recalled, requireAgreement, type DeviceFacts } from '../../../shared/trust/join.ts';
import { refusal } from '../../support/tuf-device.ts';

const PATH = 'gateway/1.0.0/manifest.json';
const SHA256 = 'a'.repeat(64);
const SHA512 = 'b'.repeat(128);
const MUST_MATCH = { securityEpoch: 3, hardwareIds: ['rpi3', 'rpi4'], releaseCounter: 5 };

const DEVICE: DeviceFacts = {
  hardwareId: 'rpi4',
  product: 'gateway',
  securityEpoch: 3,
  releaseCounter: 5,
  recalledReleases: [],
};

function target(changes: Partial<TargetFile> = {}): TargetFile {
  return { length: 9, hashes: { sha256: SHA256 }, custom: { mustMatch: MUST_MATCH }, ...changes };
}

function check(
  director: Partial<TargetFile>,
  image: Partial<TargetFile>,
  device: Partial<DeviceFacts> = {},
): () => void {
  return () => {
    requireAgreement(PATH, target(director), target(image), { ...DEVICE, ...device });
  };
}

describe('director and image agree on the bytes', () => {
  test.each([
    [{ sha256: SHA256 }, { sha256: SHA256 }],
    [{ sha512: SHA512 }, { sha512: SHA512 }],
    [{ sha256: SHA256 }, { sha256: SHA256, sha512: SHA512 }],
    [{ sha256: SHA256, sha512: SHA512 }, { sha512: SHA512 }],
    [
      { sha256: SHA256, sha512: SHA512 },
      { sha256: SHA256, sha512: SHA512 },
    ],
  ])('when %j meets %j', (director, image) => {
    expect(check({ hashes: director }, { hashes: image })).not.toThrow();
  });

  test.each([
    [{ sha256: SHA256 }, { sha256: 'c'.repeat(64) }],
    [{ sha512: SHA512 }, { sha512: 'c'.repeat(128) }],
    [{ sha256: SHA256 }, { sha512: SHA512 }],
    [{ sha512: SHA512 }, { sha256: SHA256 }],
    [
      { sha256: SHA256, sha512: SHA512 },
      { sha256: SHA256, sha512: 'c'.repeat(128) },
    ],
    [
      { sha256: SHA256, sha512: SHA512 },
      { sha256: 'c'.repeat(64), sha512: SHA512 },
    ],
  ])('not when %j meets %j: all that both name, and at least one', (director, image) => {
    const agree = check({ hashes: director }, { hashes: image });

    expect(agree).toThrow(refusal('target_mismatch'));
    expect(agree).toThrow(`director and image name different bytes for ${PATH}`);
  });

  test('not when only their lengths differ', () => {
    expect(check({ length: 8 }, {})).toThrow(refusal('target_mismatch'));
  });
});

test('director and image agree on what must match, or it says so', () => {
  const agree = check({ custom: { mustMatch: { ...MUST_MATCH, securityEpoch: 4 } } }, {});

  expect(agree).toThrow(refusal('target_mismatch'));
  expect(agree).toThrow(`director and image differ in mustMatch for ${PATH}`);
});

test.each([
  ['director', check({ custom: {} }, {})],
  ['image', check({}, { custom: undefined })],
])('it says that the %s target is not one of a release', (repository, agree) => {
  expect(agree).toThrow(refusal('metadata_malformed'));
  expect(agree).toThrow(
    `${repository} target ${PATH} lacks mustMatch, or its recall is unreadable`,
  );
});

describe('a device takes what its author says it is for', () => {
  test.each([
    [{ hardwareId: 'rpi5' }, 'hardware_mismatch', `${PATH} is for rpi3, rpi4, this is rpi5`],
    [
      { securityEpoch: 4 },
      'security_epoch_rolled_back',
      `${PATH} has security epoch 3, this device has committed 4`,
    ],
    [
      { releaseCounter: 6 },
      'release_counter_rolled_back',
      `${PATH} is number 5 of its product, this device has committed 6`,
    ],
  ] as const)('and not with %j', (facts, code, sentence) => {
    expect(check({}, {}, facts)).toThrow(refusal(code));
    expect(check({}, {}, facts)).toThrow(sentence);
  });

  test.each([{}, { securityEpoch: 2 }, { releaseCounter: 4 }, { hardwareId: 'rpi3' }])(
    'and also with %j',
    (facts) => {
      expect(check({}, {}, facts)).not.toThrow();
    },
  );
});

describe('a recall', () => {
  test('is refused with its reason', () => {
    expect(recalled(PATH, 'it burns')).toEqual(refusal('release_recalled'));
    expect(recalled(PATH, 'it burns').message).toBe(`${PATH} was recalled: it burns`);
  });

  test('in the word of the author counts, in the word of the director it does not', () => {
    const custom = {
      mustMatch: MUST_MATCH,
      recall: { at: '2026-06-01T12:00:00Z', reason: 'it burns' },
    };

    expect(check({}, { custom })).toThrow(`${PATH} was recalled: it burns`);
    expect(check({ custom }, {})).not.toThrow();
  });

  test('that the device has seen counts for the bytes it named, and for no others', () => {
    expect(check({}, {}, { recalledReleases: ['c'.repeat(64), SHA256] })).toThrow(
      `${PATH} was recalled: this device has seen its recall before`,
    );
    expect(check({}, {}, { recalledReleases: ['c'.repeat(64)] })).not.toThrow();
  });
});
