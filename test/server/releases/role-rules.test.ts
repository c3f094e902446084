import { describe, expect, test } from 'vitest';
import type { Targets } from '../../../shared/metadata/targets.ts';
import { TargetsSchema } from '../../../shared/metadata/targets.ts';
import { readRoleChange } from '../../../server/releases/role-change.ts';
import { roleFault } from '../../../server/releases/role-rules.ts';

const pathOf = (version: string): string => `gateway/${version}/manifest.json`;

interface Said {
  readonly counter?: number;
  readonly epoch?: number;
  readonly recall?: object;
  readonly length?: number;
}

/** A role that names these versions. */
function role(releases: Readonly<Record<string, Said>>): Targets {
  const targets = Object.entries(releases).map(([version, said]) => {
    const { counter, epoch = 1, recall, length = 7 } = said;
    const mustMatch = {
      securityEpoch: epoch,
      hardwareIds: ['rpi4'],
      ...(counter === undefined ? {} : { releaseCounter: counter }),
    };
    const custom = { mustMatch, ...(recall === undefined ? {} : { recall }) };
    return [pathOf(version), { length, hashes: { sha256: 'a'.repeat(64) }, custom }] as const;
  });
  return TargetsSchema.parse({
    _type: 'targets',
    spec_version: '1.0.34',
    version: 1,
    expires: '2036-01-01T00:00:00Z',
    targets: Object.fromEntries(targets),
  });
}

const RECALL = { at: '2026-06-01T12:00:00Z', reason: 'it eats the flash' };
const before = role({ '1.0': { counter: 1 }, '1.1': { counter: 2 } });
const fault = (after: Targets, paths: readonly string[] = []): string | undefined =>
  roleFault(before, after, paths);

describe('a new version of a role may', () => {
  test('say the same again', () => {
    const after = role({ '1.0': { counter: 1 }, '1.1': { counter: 2 } });

    expect(fault(after)).toBeUndefined();
    expect(readRoleChange(before, after)).toEqual({ kind: 'renewed' });
  });

  test('add one release, as the next of its product', () => {
    const after = role({ '1.0': { counter: 1 }, '1.1': { counter: 2 }, '1.2': { counter: 3 } });

    expect(fault(after, [pathOf('1.2')])).toBeUndefined();
    expect(readRoleChange(before, after)).toEqual({
      kind: 'released',
      path: pathOf('1.2'),
      counter: 3,
    });
  });

  test('count one release up above all others', () => {
    const after = role({ '1.0': { counter: 3 }, '1.1': { counter: 2 } });

    expect(fault(after)).toBeUndefined();
    expect(readRoleChange(before, after)).toMatchObject({ kind: 'reissued', counter: 3 });
  });

  test('count a release up that was signed before there were counters', () => {
    const old = role({ '1.0': {} });

    expect(readRoleChange(old, role({ '1.0': { counter: 1 } }))).toMatchObject({ counter: 1 });
  });

  test('recall one release', () => {
    const after = role({ '1.0': { counter: 1 }, '1.1': { counter: 2, recall: RECALL } });

    expect(fault(after)).toBeUndefined();
    expect(readRoleChange(before, after)).toMatchObject({
      kind: 'recalled',
      path: pathOf('1.1'),
      recall: { reason: 'it eats the flash' },
      raised: undefined,
    });
  });

  test('recall one and count the one up where devices shall go', () => {
    const recall = { ...RECALL, moveTo: '1.0' };
    const after = role({ '1.0': { counter: 3 }, '1.1': { counter: 2, recall } });

    expect(fault(after)).toBeUndefined();
    expect(readRoleChange(before, after)).toMatchObject({
      kind: 'recalled',
      raised: { path: pathOf('1.0'), counter: 3 },
    });
  });

  test('recall one in favour of a newer one, which needs no new number', () => {
    const recall = { ...RECALL, moveTo: '1.1' };

    expect(fault(role({ '1.0': { counter: 1, recall }, '1.1': { counter: 2 } }))).toBeUndefined();
  });
});

describe('a new version of a role must not', () => {
  const one = { counter: 1 };
  const two = { counter: 2 };

  test.each<[string, Readonly<Record<string, Said>>, string]>([
    ['lose a release', { '1.0': one }, 'missing'],
    ['change the bytes of one', { '1.0': { ...one, length: 8 }, '1.1': two }, 'would change'],
    ['change its epoch', { '1.0': { ...one, epoch: 2 }, '1.1': two }, 'would change'],
    ['change it while counting it up', { '1.0': { counter: 3, epoch: 2 }, '1.1': two }, 'change'],
    ['lower a counter', { '1.0': one, '1.1': { counter: 1 } }, 'the next one is 3'],
    ['repeat a counter', { '1.0': { counter: 2 }, '1.1': two }, 'the next one is 3'],
    ['take a counter away', { '1.0': {}, '1.1': two }, 'the next one is 3'],
    ['add a release with an old number', { '1.0': one, '1.1': two, '1.2': two }, 'next one is 3'],
    ['add a release without a number', { '1.0': one, '1.1': two, '1.2': {} }, 'next one is 3'],
    [
      'add two releases',
      { '1.0': one, '1.1': two, '1.2': { counter: 3 }, '1.3': { counter: 4 } },
      'at once',
    ],
    ['count two up', { '1.0': { counter: 3 }, '1.1': { counter: 4 } }, 'at once'],
    [
      'recall two',
      { '1.0': { ...one, recall: RECALL }, '1.1': { ...two, recall: RECALL } },
      'at once',
    ],
    [
      'add one and recall another',
      { '1.0': { ...one, recall: RECALL }, '1.1': two, '1.2': { counter: 3 } },
      'at once',
    ],
    [
      'change what it recalls',
      { '1.0': one, '1.1': { ...two, length: 8, recall: RECALL } },
      'would change with its recall',
    ],
    [
      'add a release that is recalled already',
      { '1.0': one, '1.1': two, '1.2': { counter: 3, recall: RECALL } },
      'new and recalled',
    ],
    [
      'recall for a reason that nobody can read',
      { '1.0': one, '1.1': { ...two, recall: { reason: 'x' } } },
      'cannot be read',
    ],
    [
      'move devices to an older number',
      { '1.0': one, '1.1': { ...two, recall: { ...RECALL, moveTo: '1.0' } } },
      'number 1',
    ],
    [
      'move devices to what is not there',
      { '1.0': one, '1.1': { ...two, recall: { ...RECALL, moveTo: '9.9' } } },
      'is not there',
    ],
    [
      'move devices to the very release',
      { '1.0': one, '1.1': { ...two, recall: { ...RECALL, moveTo: '1.1' } } },
      'to itself',
    ],
  ])('%s', (_what, releases, says) => {
    expect(fault(role(releases), [pathOf('1.2'), pathOf('1.3')])).toContain(says);
  });

  test('add a release whose manifest nobody has seen', () => {
    const after = role({ '1.0': one, '1.1': two, '1.2': { counter: 3 } });

    expect(fault(after, [])).toContain('did not come with it');
  });

  test.each(['taken back', 'reworded', 'counted up'])('have a recall %s', (what) => {
    const recalled = role({ '1.0': one, '1.1': { ...two, recall: RECALL } });
    const after = {
      'taken back': { ...two },
      reworded: { ...two, recall: { ...RECALL, reason: 'never mind' } },
      'counted up': { counter: 3, recall: RECALL },
    }[what];

    expect(roleFault(recalled, role({ '1.0': one, '1.1': after ?? two }), [])).toContain('final');
  });

  test('move devices below the security epoch that they have committed', () => {
    const old = role({ '1.0': one, '1.1': { ...two, epoch: 2 } });
    const recall = { ...RECALL, moveTo: '1.0' };
    const after = role({ '1.0': { counter: 3 }, '1.1': { ...two, epoch: 2, recall } });

    expect(roleFault(old, after, [])).toContain('security epoch 1');
  });

  test('move devices to what was recalled before', () => {
    const old = role({ '1.0': { ...one, recall: RECALL }, '1.1': two });
    const recall = { ...RECALL, moveTo: '1.0' };
    const after = role({ '1.0': { ...one, recall: RECALL }, '1.1': { ...two, recall } });

    expect(roleFault(old, after, [])).toContain('is recalled itself');
  });
});
