import { describe, expect, test } from 'vitest';
import { nextCounter, withRecall, withReissue } from '../../../operator/author/release-order.ts';
import type { TargetsFile } from '../../../shared/metadata/targets.ts';

const NOON = new Date('2026-06-01T12:00:00Z');
const path = (version: string): string => `gateway/${version}/manifest.json`;
const named = (version: string) => ({ product: 'gateway', version });

function role(releases: Readonly<Record<string, object>>): TargetsFile {
  const targets = Object.entries(releases).map(([version, custom]) => {
    return [path(version), { length: 7, hashes: { sha256: 'a'.repeat(64) }, custom }] as const;
  });
  return {
    _type: 'targets',
    spec_version: '1.0.34',
    version: 4,
    expires: '2036-01-01T00:00:00Z',
    targets: Object.fromEntries(targets) as TargetsFile['targets'],
  };
}

const word = (
  releaseCounter: number | undefined,
  securityEpoch = 1,
  more: object = {},
): object => ({
  mustMatch: {
    securityEpoch,
    hardwareIds: ['rpi4'],
    ...(releaseCounter === undefined ? {} : { releaseCounter }),
  },
  ...more,
});
const RECALLED = { recall: { at: '2026-05-01T12:00:00Z', reason: 'it burns' } };

describe('the number of the next release', () => {
  test.each([
    ['the first', {}, 1],
    ['after releases that had none', { '1.0': word(undefined) }, 1],
    ['above the highest, in whatever order', { '1.0': word(3), '1.1': word(2) }, 4],
  ])('%s', (_what, releases, number) => {
    expect(nextCounter(role(releases))).toBe(number);
  });
});

describe('a reissue', () => {
  test('gives the release the next number and changes nothing else', () => {
    const before = role({ '1.0': word(1), '1.1': word(2) });

    const after = withReissue(before, named('1.0'));

    expect(after).toEqual({ ...before, targets: role({ '1.0': word(3), '1.1': word(2) }).targets });
  });

  test('of a recalled release is refused', () => {
    const before = role({ '1.0': word(1, 1, RECALLED), '1.1': word(2) });

    expect(() => withReissue(before, named('1.0'))).toThrow(
      expect.objectContaining({ code: 'recall_final' }),
    );
  });

  test('of what was never published is refused', () => {
    expect(() => withReissue(role({}), named('1.0'))).toThrow(
      expect.objectContaining({ code: 'release_unknown' }),
    );
  });
});

describe('a recall', () => {
  const recall = (moveTo?: string) => ({ reason: 'it eats the flash', moveTo, at: NOON });

  test('stands in the target of the release, which stays where it was', () => {
    const before = role({ '1.0': word(1), '1.1': word(2) });

    const { targets } = withRecall(before, named('1.1'), recall());

    expect(targets[path('1.1')]?.custom).toEqual({
      ...word(2),
      recall: { at: '2026-06-01T12:00:00Z', reason: 'it eats the flash' },
    });
    expect(targets[path('1.0')]).toEqual(before.targets[path('1.0')]);
  });

  test('counts up the release that devices shall go to, when they would refuse it', () => {
    const before = role({ '1.0': word(1), '1.1': word(2) });

    const { targets } = withRecall(before, named('1.1'), recall('1.0'));

    expect(targets[path('1.0')]?.custom).toEqual(word(3));
    expect(targets[path('1.1')]?.custom).toMatchObject({ recall: { moveTo: '1.0' } });
  });

  test('leaves a newer one its number', () => {
    const before = role({ '1.0': word(1), '1.1': word(2) });

    const { targets } = withRecall(before, named('1.0'), recall('1.1'));

    expect(targets[path('1.1')]).toEqual(before.targets[path('1.1')]);
  });

  test('of a release that was reissued counts the other one above it', () => {
    const before = role({ '1.0': word(3), '1.1': word(2) });

    const { targets } = withRecall(before, named('1.0'), recall('1.1'));

    expect(targets[path('1.1')]?.custom).toEqual(word(4));
  });

  test.each([
    ['again', { '1.0': word(1), '1.1': word(2, 1, RECALLED) }, undefined, 'recall_final'],
    ['of nothing', { '1.0': word(1) }, undefined, 'release_unknown'],
    ['to nowhere', { '1.0': word(1), '1.1': word(2) }, '9.9', 'release_unknown'],
    ['to itself', { '1.0': word(1), '1.1': word(2) }, '1.1', 'move_impossible'],
    [
      'to a recalled one',
      { '1.0': word(1, 1, RECALLED), '1.1': word(2) },
      '1.0',
      'move_impossible',
    ],
    ['below an epoch', { '1.0': word(1, 1), '1.1': word(2, 2) }, '1.0', 'move_impossible'],
  ])('%s is refused before anything is signed', (_what, releases, moveTo, code) => {
    expect(() => withRecall(role(releases), named('1.1'), recall(moveTo))).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
