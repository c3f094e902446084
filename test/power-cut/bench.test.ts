import { describe, expect, test, vi } from 'vitest';
import { benchPowerCut } from '../../scripts/bench/power-cut.ts';
import { chooseInstant, isSpent, type CutStage } from '../../scripts/bench/power-cut/choose-cut.ts';
import { tally } from '../../scripts/bench/power-cut/tally.ts';
import { judgeEnd, untruths, type Pair } from '../../scripts/bench/power-cut/truth.ts';
import type { Seen } from '../../scripts/bench/power-cut/victim.ts';
import { inSetting } from '../../scripts/bench/setting.ts';
import { seededRandom } from '../../scripts/rig/seeded-random.ts';

const CUTS = 15;

const pair: Pair = {
  old: { version: '1.0.0', health: 'healthy', treeSha256: 'old' },
  new: { version: '1.1.0', health: 'healthy', treeSha256: 'new' },
};
const sickPair: Pair = { ...pair, new: { ...pair.new, health: 'sick' } };

/** A disk after a cut in the trial, as it must be. */
const seen = {
  status: {
    running: { version: '1.1.0', slot: 'b' },
    stage: 'trial',
    lastReport: 7,
    failedReleases: [],
    lastRefusal: null,
  },
  link: 'b',
  treeSha256: 'new',
  acknowledged: 4,
  waiting: [5, 6, 7],
} as const satisfies Seen;

describe('what a disk must say after a cut', () => {
  test('the truth: old or new, whole, with every report', () => {
    expect(untruths(seen, pair)).toEqual([]);
    const before = { ...seen.status, running: { version: '1.0.0', slot: 'a' } };
    expect(untruths({ ...seen, status: before, link: 'a', treeSha256: 'old' }, pair)).toEqual([]);
  });

  test('a report that has its number and lies in no outbox yet is no gap; two are', () => {
    expect(untruths({ ...seen, waiting: [5, 6] }, pair)).toEqual([]);
    expect(untruths({ ...seen, waiting: [5] }, pair)).toEqual([expect.stringMatching(/^a gap/)]);
  });

  test('a report that was told and not yet removed is no gap; one that is missing is', () => {
    expect(untruths({ ...seen, waiting: [3, 4, 5, 6, 7] }, pair)).toEqual([]);
    expect(untruths({ ...seen, waiting: [6, 7] }, pair)).toEqual([expect.stringMatching(/^a gap/)]);
  });

  test('a slot that is neither release, or that status does not name, is found', () => {
    expect(untruths({ ...seen, treeSha256: 'half' }, pair)).toEqual([
      'the link names slot b, where no whole release stands',
    ]);
    expect(untruths({ ...seen, treeSha256: 'old' }, pair)).toEqual([
      '1.0.0 runs, status says 1.1.0',
    ]);
    expect(untruths({ ...seen, link: 'a' }, pair)).toEqual([
      'the link names slot a, status says b',
    ]);
  });
});

describe('how an update must end', () => {
  const ended: Seen = {
    ...seen,
    status: { ...seen.status, stage: 'idle' },
    acknowledged: 7,
    waiting: [],
  };
  const numbers = [1, 2, 3, 4, 5, 6, 7];
  const receipt = { kind: 'receipt', reason: undefined };

  test('a healthy release is committed, told once, without a gap', () => {
    expect(judgeEnd(ended, { numbers, endings: [receipt] }, pair)).toBe('committed');
    expect(judgeEnd(ended, { numbers, endings: [receipt, receipt] }, pair)).not.toBe('committed');
    expect(judgeEnd(ended, { numbers: [1, 3], endings: [receipt] }, pair)).not.toBe('committed');
  });

  test('a healthy release that was rolled back for its health is found', () => {
    const rolledBack = { kind: 'rolled_back', reason: 'health' };
    const status = { ...seen.status, stage: 'idle', running: { version: '1.0.0', slot: 'a' } };
    const back = { ...ended, status, link: 'a', treeSha256: 'old' } as Seen;
    const told = { numbers, endings: [rolledBack] };
    expect(judgeEnd(back, told, sickPair)).toBe('rolled back');
    expect(judgeEnd(back, told, pair)).not.toBe('rolled back');
    const givenUp = { numbers, endings: [{ kind: 'rolled_back', reason: 'interrupted' }] };
    expect(judgeEnd(back, givenUp, pair)).toBe('given up');
  });

  test('one bad cut among good ones fails the whole run', () => {
    const instant = { by: 'time', afterMs: 1 } as const;
    const cut = { stage: 'trial', instant, untrue: [] } as const;
    const well = tally([{ pair, cuts: [cut, cut], ended: 'committed' }], 1);
    const bad = tally([{ pair, cuts: [cut, { ...cut, untrue: ['!'] }], ended: 'committed' }], 1);
    expect(well).toMatchObject({ ratios: [{ value: 1 }], findings: [] });
    expect(bad).toMatchObject({ ratios: [{ value: 0.5 }], findings: [expect.any(String)] });
  });
});

test('an update is left alone before one more cut would make the agent give it up', () => {
  expect(isSpent(new Map<CutStage, number>([['trial', 2]]))).toBe(false);
  expect(isSpent(new Map<CutStage, number>([['trial', 3]]))).toBe(true);
});

test('the same seed draws the same instants', () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    const about = { stage: 'trial', health: 'sick', updateMs: 900 } as const;
    return Array.from({ length: 20 }, () => chooseInstant(random, about));
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

describe('a real agent with a real server', () => {
  vi.setConfig({ testTimeout: 180_000 }); // dozens of processes on a busy machine

  test(`tells the truth after each of ${CUTS} cuts, and every update ends as it should`, async () => {
    const result = await inSetting(
      new AbortController().signal,
      () => undefined,
      (setting) => benchPowerCut(setting, { cuts: CUTS, seed: 1 }),
    );

    expect(result).toMatchObject({ findings: [], ratios: [{ value: 1 }] });
    const all = { name: 'power cuts', value: CUTS, unit: `${CUTS} ended well` };
    expect(result.kind === 'measured' && result.figures).toContainEqual(all);
  });
});
