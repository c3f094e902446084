import { describe, expect, test } from 'vitest';
import { describeReleases } from '../../../../operator/author/ceremony/describe-releases.ts';
import { describeRoot } from '../../../../operator/author/ceremony/describe-root.ts';
import { describeImageTargets } from '../../../../operator/author/ceremony/describe-targets.ts';
import type { Finding } from '../../../../operator/author/ceremony/finding.ts';
import { daysAfter } from '../../../../operator/author/first-metadata.ts';
import { keyRecord } from '../../../../operator/author/first-metadata.ts';
import { RootSchema, type RootFile } from '../../../../shared/metadata/root.ts';
import { TargetsSchema, type TargetsFile } from '../../../../shared/metadata/targets.ts';
import { testKey } from '../../../support/test-key.ts';
import { fleetTrust, keyOf, NOW } from './fleet-trust.ts';

const { imageRoot, imageTargets } = await fleetTrust();

const dangers = (findings: readonly Finding[]): string[] =>
  findings.filter(({ level }) => level === 'danger').map(({ text }) => text);
const texts = (findings: readonly Finding[]): string => findings.map(({ text }) => text).join('\n');

/** What a next root says that differs from the one that stands in exactly this. */
function rootWith(change: (root: RootFile) => RootFile): readonly Finding[] {
  const file = change({ ...imageRoot.file, version: 2, expires: daysAfter(NOW, 365) });
  return describeRoot('image', imageRoot, { content: RootSchema.parse(file), file }, NOW);
}

const withRootKeys =
  (people: readonly string[], threshold = 2) =>
  (root: RootFile): RootFile => {
    const keys = people.map((person) => keyOf(person).publicKey);
    const keyids = people.map((person) => keyOf(person).keyId);
    const rest = Object.entries(root.keys).filter(
      ([id]) => !root.roles.root.keyids.includes(id) || keyids.includes(id),
    );
    return {
      ...root,
      keys: { ...Object.fromEntries(rest), ...keyRecord(keys) },
      roles: { ...root.roles, root: { ...root.roles.root, keyids, threshold } },
    };
  };

describe('a next root', () => {
  test('that is a renewal is told by its expiry alone', () => {
    expect(rootWith((root) => root)).toEqual([
      {
        level: 'change',
        text: 'image root v2: holds until 2027-06-01, 365 days from now',
      },
    ]);
  });

  test('that replaces one key of three names both and is no danger', () => {
    const found = rootWith(withRootKeys(['anna', 'ben', 'dora']));
    expect(texts(found)).toContain(`key removed, carl (${keyOf('carl').keyId.slice(0, 16)})`);
    expect(texts(found)).toContain(`(${keyOf('dora').keyId.slice(0, 16)})`);
    expect(dangers(found)).toEqual([]);
  });

  test('that raises the threshold is no danger, one that lowers it is', () => {
    expect(dangers(rootWith(withRootKeys(['anna', 'ben', 'carl'], 3)))).toEqual([]);
    expect(dangers(rootWith(withRootKeys(['anna', 'ben', 'carl'], 1)))).toEqual([
      'image root: 1 must sign, until now 2: FEWER THAN BEFORE',
    ]);
  });

  test('that replaces all keys is a danger, and so is one whose new keys suffice', () => {
    expect(dangers(rootWith(withRootKeys(['dora', 'emil', 'fay'])))).toEqual([
      'image root: ALL KEYS ARE REPLACED',
    ]);
    expect(dangers(rootWith(withRootKeys(['anna', 'emil', 'fay'])))).toEqual([
      'image root: the new keys alone can sign, without any of those there before',
    ]);
  });

  test('whose keys can never meet its threshold is a danger', () => {
    expect(dangers(rootWith(withRootKeys(['anna'], 2)))).toEqual([
      'image root: 1 usable keys can never give 2 signatures',
    ]);
  });

  test('may hold a year, and not longer', () => {
    const until = (days: number) => (root: RootFile) => ({
      ...root,
      expires: daysAfter(NOW, days),
    });
    expect(dangers(rootWith(until(366)))).toEqual([]);
    expect(dangers(rootWith(until(367)))).toHaveLength(1);
    expect(dangers(rootWith(until(-1)))[0]).toContain('ALREADY EXPIRED');
  });

  test('that lets the key of the server sign targets is a danger', () => {
    const { keyId } = testKey('server');
    const found = rootWith((root) => ({
      ...root,
      roles: {
        ...root.roles,
        targets: { ...root.roles.targets, keyids: [...root.roles.targets.keyids, keyId] },
      },
    }));
    expect(dangers(found)).toContain("image targets: THE SERVER'S OWN KEY COULD SIGN IT");
  });

  test('that gives a key to another holder by name is a danger', () => {
    const found = rootWith((root) => ({
      ...root,
      'x-sealift': {
        holders: { [keyOf('anna').keyId]: { name: 'eve', since: '2026-06-01T12:00:00Z' } },
      },
    }));
    expect(dangers(found)[0]).toContain('was held by anna, now by eve');
  });

  test.each([
    ['a field that nobody knows', { surprise: [1] }, 'surprise'],
    ['consistent snapshots', { consistent_snapshot: false }, 'consistent_snapshot'],
  ])('that changes %s is a danger: all of it is signed', (_what, change, field) => {
    expect(dangers(rootWith((root) => ({ ...root, ...change })))[0]).toContain(field);
  });
});

/** What next image targets say that differ in exactly this. */
function targetsWith(change: (targets: TargetsFile) => TargetsFile): readonly Finding[] {
  const file = change({ ...imageTargets.file, version: 3 });
  const after = { content: TargetsSchema.parse(file), file };
  return describeImageTargets(imageTargets, after, NOW);
}

const release = (custom: Record<string, unknown>, sha256 = 'a'.repeat(64)) => ({
  length: 10,
  hashes: { sha256 },
  custom,
});
const plain = { mustMatch: { securityEpoch: 1, hardwareIds: ['rpi4'], releaseCounter: 4 } };

describe('next image targets', () => {
  const delegate = (targets: TargetsFile, change: object): TargetsFile => ({
    ...targets,
    delegations: {
      keys: targets.delegations?.keys ?? {},
      roles: (targets.delegations?.roles ?? []).map((role) => ({ ...role, ...change })),
    },
  });

  test('that are a renewal have no danger', () => {
    expect(dangers(targetsWith((targets) => targets))).toEqual([]);
  });

  test('from which a product vanishes are a danger', () => {
    const found = targetsWith((targets) => ({ ...targets, delegations: { keys: {}, roles: [] } }));
    expect(dangers(found)).toEqual(['product gateway: VANISHES, with all its releases']);
  });

  test.each([
    ['wider paths', { paths: ['*/*/*'] }],
    ['no end', { terminating: false }],
  ])('that give a product %s are a danger', (_what, change) => {
    expect(dangers(targetsWith((targets) => delegate(targets, change)))).not.toEqual([]);
  });

  test('that vouch for a release themselves are a danger', () => {
    const found = targetsWith((targets) => ({
      ...targets,
      targets: { 'gateway/6/manifest.json': release(plain) },
    }));
    expect(dangers(found)[0]).toContain('past every product key');
  });
});

describe("the next version of a product's role", () => {
  const side = (targets: TargetsFile['targets'], more: object = {}) => {
    const head = { _type: 'targets', spec_version: '1.0.34', version: 3 } as const;
    const whole: TargetsFile = { ...head, expires: daysAfter(NOW, 180), targets, ...more };
    return { content: TargetsSchema.parse(whole), file: whole };
  };
  const path = 'gateway/1.0.0/manifest.json';
  const before = side({ [path]: release(plain) });
  const found = (targets: TargetsFile['targets'], more?: object): readonly Finding[] =>
    describeReleases('gateway', before, side(targets, more), NOW);
  const kept = { [path]: release(plain) };

  test('tells a new release with its boards, counter and manifest digest', () => {
    const added = found({ ...kept, 'gateway/1.1.0/manifest.json': release(plain, 'b'.repeat(64)) });
    expect(dangers(added)).toEqual([]);
    expect(texts(added)).toContain(
      `gateway/1.1.0/manifest.json: is added, for rpi4, security epoch 1, counter 4, manifest sha256 ${'b'.repeat(64)}`,
    );
  });

  test('from which a release vanishes is a danger', () => {
    expect(dangers(found({}))[0]).toContain('VANISHES');
  });

  test('in which the bytes of a release change is a danger', () => {
    expect(dangers(found({ [path]: release(plain, 'c'.repeat(64)) }))[0]).toContain(
      'A PUBLISHED RELEASE CHANGES',
    );
  });

  test('may raise a counter, and not lower it', () => {
    const counter = (releaseCounter: number) => ({
      [path]: release({ mustMatch: { ...plain.mustMatch, releaseCounter } }),
    });
    expect(dangers(found(counter(5)))).toEqual([]);
    expect(texts(found(counter(5)))).toContain('counter 4 becomes 5');
    expect(dangers(found(counter(3)))).toHaveLength(1);
  });

  test('in which boards or epoch of a release change is a danger', () => {
    const epoch = { mustMatch: { ...plain.mustMatch, securityEpoch: 0 } };
    expect(dangers(found({ [path]: release(epoch) }))).toHaveLength(1);
  });

  test('may recall a release, and not take it back', () => {
    const recall = { at: '2026-06-01T12:00:00Z', reason: 'it burns' };
    const recalled = { [path]: release({ ...plain, recall }) };
    expect(dangers(found(recalled))).toEqual([]);
    expect(texts(found(recalled))).toContain('IS RECALLED, for good: "it burns"');
    const back = describeReleases('gateway', side(recalled), side(kept), NOW);
    expect(dangers(back)).toHaveLength(1);
  });

  test('that delegates is a danger', () => {
    expect(dangers(found(kept, { delegations: { keys: {}, roles: [] } }))[0]).toContain(
      'DELEGATES',
    );
  });
});
