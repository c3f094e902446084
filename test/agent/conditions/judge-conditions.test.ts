import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { consents, isConsent } from '../../../agent/conditions/consent.ts';
import { judgeConditions, type DeviceFacts } from '../../../agent/conditions/judge-conditions.ts';
import { isOneOf, wayTo } from '../../../agent/conditions/way-out.ts';
import type { Conditions } from '../../../shared/release/conditions.ts';

const RELEASE = { product: 'gateway', version: '1.0.0', manifestSha256: '1'.repeat(64) };

/** A device on which everything holds. */
const FACTS: DeviceFacts = {
  now: () => Promise.resolve(new Date('2026-06-01T03:00:00Z')),
  timeZone: undefined,
  power: () => Promise.resolve({ isOnMains: true, percent: 80 }),
  wayOut: () => Promise.resolve('eth0'),
  isMetered: (name) => Promise.resolve(name === 'wwan0'),
  freeBytes: () => Promise.resolve(1_000),
  loadPercent: () => 50,
  consents: () => Promise.resolve(true),
};
const ALL: Conditions = {
  window: { from: '02:00', to: '04:00' },
  battery: { minPercent: 80, mains: 'required' },
  network: { unmetered: true, interfaces: ['eth*'] },
  freeBytes: 1_000,
  maxLoadPercent: 50,
  consent: true,
};

async function judged(
  changes: Partial<DeviceFacts>,
  conditions: Conditions = ALL,
  isHandedOver = false,
): Promise<readonly string[]> {
  const candidate = { release: RELEASE, conditions, isHandedOver };
  const reasons = await judgeConditions({ ...FACTS, ...changes }, candidate);
  return reasons.map(({ condition }) => condition);
}

describe('a release with every condition', () => {
  test('may begin while all of them hold, at their very border', async () => {
    expect(await judged({})).toEqual([]);
  });

  test.each<[string, Partial<DeviceFacts>]>([
    ['window', { now: () => Promise.resolve(new Date('2026-06-01T04:00:00Z')) }],
    ['battery', { power: () => Promise.resolve({ isOnMains: true, percent: 79 }) }],
    ['network', { wayOut: () => Promise.resolve('wlan0') }],
    ['network', { wayOut: () => Promise.resolve(undefined) }],
    ['network', { isMetered: () => Promise.resolve(true) }],
    ['space', { freeBytes: () => Promise.resolve(999) }],
    ['load', { loadPercent: () => 51 }],
    ['consent', { consents: () => Promise.resolve(false) }],
  ])('waits for its %s alone', async (condition, changes) => {
    expect(await judged(changes)).toEqual([condition]);
  });

  test('names all that do not hold at once', async () => {
    const none = { consents: () => Promise.resolve(false), loadPercent: () => 51 };
    expect(await judged(none)).toEqual(['load', 'consent']);
  });

  test('costs no traffic where it was carried', async () => {
    expect(await judged({ wayOut: () => Promise.resolve('wwan0') }, ALL, true)).toEqual([]);
    expect(await judged({ wayOut: () => Promise.resolve('wwan0') }, ALL)).toEqual(['network']);
  });
});

test('a release without conditions asks a device nothing', async () => {
  const never = (): never => {
    throw new Error('asked');
  };
  const facts: DeviceFacts = {
    ...{ now: never, timeZone: undefined, power: never, wayOut: never, isMetered: never },
    ...{ freeBytes: never, loadPercent: never, consents: never },
  };
  const candidate = { release: RELEASE, conditions: {}, isHandedOver: false };
  expect(await judgeConditions(facts, candidate)).toEqual([]);
});

describe('the way to the server', () => {
  test('is the interface that the kernel would take', async () => {
    expect(await wayTo('127.0.0.1')).toBe('lo');
  });

  test('is none where the name leads nowhere', async () => {
    expect(await wayTo('no-such-host.invalid')).toBeUndefined();
  });

  test.each([
    ['eth0', true],
    ['eth01', false],
    ['wlan1', true],
    ['wlan', true],
    ['wwan0', false],
  ])('%s is one of eth0 and wlan*: %s', (name, expected) => {
    expect(isOneOf(name, ['eth0', 'wlan*'])).toBe(expected);
  });
});

describe('consent', () => {
  test.each([
    ['nothing', '', true],
    ['an empty line', ' \n', true],
    ['the version', 'since yesterday: 1.0.0\n', true],
    ['the manifest', '1'.repeat(64), true],
    ['another version', '1.0.1', false],
    ['more than the version', '1.0.0-rc1', false],
  ])('in a file that says %s: %j is %s', (_name, text, expected) => {
    expect(isConsent(text, RELEASE)).toBe(expected);
  });

  test('is asked of the command only where the file gives none', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'sealift-consent-')), 'consent');
    let asked = 0;
    const ask = (): Promise<boolean> => Promise.resolve(++asked > 1);

    expect(await consents({ file, ask: undefined }, RELEASE)).toBe(false);
    expect(await consents({ file, ask }, RELEASE)).toBe(false);
    expect(await consents({ file, ask }, RELEASE)).toBe(true);
    await writeFile(file, '');
    expect(await consents({ file, ask }, RELEASE)).toBe(true);
    expect(asked).toBe(2);
  });

  test('is not in what cannot be read', async () => {
    const file = await mkdtemp(join(tmpdir(), 'sealift-consent-')); // a folder
    expect(await consents({ file, ask: undefined }, RELEASE)).toBe(false);
  });
});
