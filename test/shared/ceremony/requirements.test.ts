import { expect, test } from 'vitest';
import { expiryLevel } from '../../../shared/ceremony/expiry-level.ts';
import {
  countSigned,
  isMet,
  isReachable,
  requirementsOf,
  type Requirement,
} from '../../../shared/ceremony/requirements.ts';
import { keyIdOf, type PublicKey } from '../../../shared/crypto/public-key.ts';
import { RootSchema, type Root } from '../../../shared/metadata/root.ts';
import { TargetsSchema, type Targets } from '../../../shared/metadata/targets.ts';
import { testKey } from '../../support/test-key.ts';

const common = { spec_version: '1.0.34', expires: '2027-01-01T00:00:00Z' };
const [a, b, c] = ['a', 'b', 'c'].map((name) => testKey(name).publicKey) as [
  PublicKey,
  PublicKey,
  PublicKey,
];
const byId = (keys: readonly PublicKey[]) =>
  Object.fromEntries(keys.map((key) => [keyIdOf(key), key]));

function root(version: number, holders: readonly PublicKey[], threshold: number): Root {
  const role = { keyids: holders.map(keyIdOf), threshold };
  const roles = { root: role, targets: role, snapshot: role, timestamp: role };
  return RootSchema.parse({ _type: 'root', ...common, version, keys: byId(holders), roles });
}

function targets(version: number, holders: readonly PublicKey[], threshold: number): Targets {
  const keyids = holders.map(keyIdOf);
  const gateway = { name: 'gateway', keyids, threshold, terminating: true, paths: ['gateway/*/*'] };
  const delegations = { keys: byId(holders), roles: [gateway] };
  return TargetsSchema.parse({ _type: 'targets', ...common, version, targets: {}, delegations });
}

const standing = {
  imageRoot: root(1, [a, b], 2),
  imageTargets: targets(4, [a], 1),
  directorRoot: root(7, [c], 1),
};
const file = (repository: 'image' | 'director', role: string) => ({ repository, role });
const said = (requirements: readonly Requirement[]) =>
  requirements.map(({ by, threshold, keys }) => [by, threshold, keys.size]);

test('a root needs the holders before it and its own', () => {
  const proposed = { imageRoot: root(2, [b, c], 1), directorRoot: root(8, [a, b, c], 3) };

  expect(said(requirementsOf(file('image', 'root'), standing, proposed))).toEqual([
    ['image root v1', 2, 2],
    ['image root v2', 1, 2],
  ]);
  expect(said(requirementsOf(file('director', 'root'), standing, proposed))).toEqual([
    ['director root v7', 1, 1],
    ['director root v8', 3, 3],
  ]);
});

test('targets and products need those whom the files name that will be newest', () => {
  const proposed = { imageRoot: root(2, [c], 1), imageTargets: targets(5, [b, c], 2) };

  expect(said(requirementsOf(file('image', 'targets'), standing, {}))).toEqual([
    ['image root v1', 2, 2],
  ]);
  expect(said(requirementsOf(file('image', 'targets'), standing, proposed))).toEqual([
    ['image root v2', 1, 1],
  ]);
  expect(said(requirementsOf(file('image', 'gateway'), standing, {}))).toEqual([
    ['image targets v4', 1, 1],
  ]);
  expect(said(requirementsOf(file('image', 'gateway'), standing, proposed))).toEqual([
    ['image targets v5', 2, 2],
  ]);
});

test.each([
  ['a product that nobody delegated', file('image', 'camera'), standing],
  ['a root that the event does not hold', file('image', 'root'), standing],
  ['the director’s targets', file('director', 'targets'), standing],
  [
    'a director root whose forerunner was never seen',
    file('director', 'root'),
    { ...standing, directorRoot: undefined },
  ],
])('nobody may sign %s', (_name, name, ground) => {
  expect(requirementsOf(name, ground, {})).toEqual([]);
});

test('one key under two ids counts once', () => {
  const twin = { ...a, note: 'the same key' } as PublicKey;
  const [need] = requirementsOf(file('image', 'targets'), standing, {
    imageRoot: root(2, [a, twin], 2),
  });
  if (need === undefined) throw new Error('no requirement');

  expect(countSigned(need, new Set([keyIdOf(a), keyIdOf(twin)]))).toBe(1);
  expect(isMet(need, new Set([keyIdOf(a), keyIdOf(twin)]))).toBe(false);
  expect(isReachable(need)).toBe(false);
  const honest = { ...need, keys: new Map([a, b].map((key) => [keyIdOf(key), key])) };
  expect(isMet(honest, new Set([keyIdOf(a), keyIdOf(b)]))).toBe(true);
  expect(isReachable(honest)).toBe(true);
});

test.each([
  ['2026-10-31T23:59:59Z', 'ok'],
  ['2026-11-02T00:00:00Z', 'notice'],
  ['2026-12-01T23:59:59Z', 'notice'],
  ['2026-12-02T00:00:00Z', 'warning'],
  ['2026-12-25T00:00:00Z', 'critical'],
  ['2026-12-31T23:59:59Z', 'critical'],
  ['2027-01-01T00:00:00Z', 'expired'],
])('at %s a file that ends with 2026 is %s', (now, level) => {
  expect(expiryLevel(new Date('2027-01-01T00:00:00Z'), new Date(now))).toBe(level);
});
