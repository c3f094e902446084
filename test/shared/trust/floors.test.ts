import { describe, expect, test } from 'vitest';
import {
  forgetOnlineVersions,
  NO_FLOORS,
  plainFloors,
  RepositoryFloorsSchema,
  type RepositoryFloors,
} from '../../../shared/trust/floors.ts';

const floor = (version: number) => ({ version, contentSha256: 'a'.repeat(64) });
const FLOORS: RepositoryFloors = {
  root: 3,
  timestamp: floor(7),
  snapshot: floor(6),
  listed: new Map([['targets.json', 5]]),
  roles: new Map([['targets', floor(5)]]),
};
const written = (): Record<string, unknown> =>
  JSON.parse(JSON.stringify(plainFloors(FLOORS))) as Record<string, unknown>;

describe('floors in a file', () => {
  test('come back as they were', () => {
    expect(RepositoryFloorsSchema.parse(written())).toEqual(FLOORS);
    expect(RepositoryFloorsSchema.parse(plainFloors(NO_FLOORS))).toEqual(NO_FLOORS);
  });

  test.each([
    ['a field that nobody knows', { more: 1 }],
    ['no list', { listed: undefined }],
    ['a version of nothing', { root: 0 }],
    ['a floor without its content', { timestamp: { version: 7 } }],
    ['a floor with something more', { snapshot: { ...floor(6), more: 1 } }],
    ['a floor with a hash that is none', { snapshot: { version: 6, contentSha256: 'A' } }],
    ['a role without a version', { roles: { targets: { contentSha256: 'a'.repeat(64) } } }],
    ['a listed version that is a text', { listed: { 'targets.json': '5' } }],
  ])('with %s are not believed', (_what, change) => {
    expect(RepositoryFloorsSchema.safeParse({ ...written(), ...change }).success).toBe(false);
  });
});

test('other online keys make a device forget all versions but the root', () => {
  expect(forgetOnlineVersions(FLOORS)).toEqual({ ...NO_FLOORS, root: 3 });
});
