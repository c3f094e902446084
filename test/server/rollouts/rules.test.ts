import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { counterChange, COUNTS, type AssignmentState } from '../../../server/rollouts/counters.ts';
import { phaseOfNewcomer, planPhases } from '../../../server/rollouts/phases.ts';
import { decideProgress, type PhaseProgress } from '../../../server/rollouts/progress.ts';
import { stateAfter, type RolloutState } from '../../../server/rollouts/rollout.ts';
import { deviceIds } from '../../support/fleet.ts';

describe('an operator', () => {
  test.each([
    ['running', 'pause', 'paused'],
    ['paused', 'resume', 'running'],
    ['running', 'abort', 'aborted'],
    ['paused', 'abort', 'aborted'],
  ] as const)('may take a %s rollout by %s to %s', (from, action, to) => {
    expect(stateAfter(from, action)).toBe(to);
  });

  test.each([
    ['running', 'resume'],
    ['paused', 'pause'],
    ['halted', 'resume'],
    ['halted', 'abort'],
    ['completed', 'abort'],
    ['aborted', 'resume'],
  ] as const)('may not take a %s rollout further by %s', (from, action) => {
    expect(stateAfter(from, action)).toBeUndefined();
  });
});

describe('phases', () => {
  const sizes = (count: number, percents: number[]): number[] => {
    const plan = planPhases('r', deviceIds(count), percents);
    return percents.map((_, phase) => plan.filter((member) => member.phase === phase).length);
  };

  test('20 % of five devices is exactly one', () => {
    expect(sizes(5, [20, 100])).toEqual([1, 4]);
  });

  test.each([
    [10, [10, 50, 100], [1, 4, 5]],
    [1, [10, 50, 100], [1, 0, 0]],
    [3, [1, 100], [1, 2]],
    [100, [1, 2, 3], [1, 1, 1]],
    [7, [50], [4]],
  ] as const)('of %i devices cut at %j are %j', (count, percents, expected) => {
    expect(sizes(count, [...percents])).toEqual(expected);
  });

  test('are the same every time for one rollout, whatever the order of the devices', () => {
    const devices = deviceIds(50);
    expect(planPhases('r', devices, [10, 100])).toEqual(
      planPhases('r', devices.toReversed(), [10, 100]),
    );
  });

  test('begin with other devices in another rollout', () => {
    const first = (rollout: string): string | undefined =>
      planPhases(rollout, deviceIds(1_000), [1])[0]?.device;
    expect(first('one')).not.toBe(first('two'));
  });

  test('hold every device once when the last reaches everybody, and never more than their share', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 5 }),
        (count, some) => {
          const percents = [...some.toSorted((a, b) => a - b), 100];
          const plan = planPhases('r', deviceIds(count), percents);
          expect(new Set(plan.map(({ device }) => device)).size).toBe(count);
          percents.forEach((percent, phase) => {
            const reached = plan.filter((member) => member.phase <= phase).length;
            expect(reached).toBe(Math.ceil((percent * count) / 100));
          });
        },
      ),
    );
  });

  test('take newcomers in about their share, and none beyond the last', () => {
    const joined = deviceIds(10_000).map((id) => phaseOfNewcomer('r', id, [10, 50]));
    const share = (phase: number | undefined): number =>
      joined.filter((each) => each === phase).length / 100;
    expect(share(0)).toBeCloseTo(10, -1);
    expect(share(1)).toBeCloseTo(40, -1);
    expect(share(undefined)).toBeCloseTo(50, -1);
  });
});

describe('a rollout decides', () => {
  const phase = (proven: number, failed: number, change: Partial<PhaseProgress> = {}) => ({
    successPercent: 90,
    failurePercent: 20,
    members: 10,
    proven,
    failed,
    ...change,
  });
  const empty = phase(0, 0, { members: 0 });
  const next = phase(0, 0);
  const none = { kind: 'none' };
  const running = 'running';
  type Decided = [RolloutState, number, PhaseProgress[], object];

  test.each<[string, Decided]>([
    ['nothing one proof short', [running, 0, [phase(8, 0), next], none]],
    ['to advance at its share', [running, 0, [phase(9, 0), next], { kind: 'advance', phase: 1 }]],
    [
      'to advance with a failure it allows',
      [running, 0, [phase(9, 1), next], { kind: 'advance', phase: 1 }],
    ],
    [
      'to pass over phases without members',
      [running, 0, [phase(9, 0), empty, empty, next], { kind: 'advance', phase: 3 }],
    ],
    ['nothing while it is paused', ['paused', 0, [phase(9, 0), next], none]],
    [
      'nothing while a device of any phase has not answered',
      [running, 1, [phase(9, 0), phase(9, 1)], none],
    ],
    [
      'to complete when all have answered',
      [running, 1, [phase(9, 1), phase(10, 0)], { kind: 'complete' }],
    ],
    ['to complete when nobody is left', [running, 0, [empty], { kind: 'complete' }]],
    ['nothing after it has completed', ['completed', 0, [phase(0, 10)], none]],
    ['nothing after it was aborted', ['aborted', 0, [phase(10, 0)], none]],
    ['nothing after it has halted', ['halted', 0, [phase(10, 0)], none]],
  ])('%s', (_name, [state, open, phases, expected]) => {
    expect(decideProgress(state, open, phases)).toEqual(expected);
  });

  test.each<[string, RolloutState, PhaseProgress[]]>([
    ['at its failure limit', 'running', [phase(0, 2)]],
    ['also while it is paused', 'paused', [phase(0, 2)]],
    ['when an earlier phase falls back', 'running', [phase(8, 2), phase(0, 0)]],
    [
      'when success is out of reach below the limit',
      'running',
      [phase(0, 2, { failurePercent: 50 })],
    ],
    [
      'for one failure of one device',
      'running',
      [phase(0, 1, { members: 1, failurePercent: 100 })],
    ],
  ])('to halt %s', (_name, state, phases) => {
    expect(decideProgress(state, phases.length - 1, phases)).toMatchObject({ kind: 'halt' });
  });

  test('not to halt one failure below its limit', () => {
    expect(decideProgress('running', 0, [phase(0, 1), phase(0, 0)])).toEqual({ kind: 'none' });
  });

  test('not to halt for failures of a phase that is not open', () => {
    expect(decideProgress('running', 0, [phase(0, 0), phase(0, 5)])).toEqual({ kind: 'none' });
  });

  test('and says why it halts, with the numbers', () => {
    expect(decideProgress('running', 0, [phase(0, 2)])).toEqual({
      kind: 'halt',
      reason: 'phase 1: 2 of 10 devices failed, which reaches the limit of 20 %',
    });
  });
});

test('whatever way an assignment goes, its counters end where its state says', () => {
  const states = Object.keys(COUNTS) as AssignmentState[];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...states), { minLength: 2 }), (way) => {
      const sum = { offered: 0, proven: 0, failed: 0 };
      way.slice(1).forEach((to, index) => {
        const change = counterChange(way[index] ?? to, to);
        sum.offered += change.offered;
        sum.proven += change.proven;
        sum.failed += change.failed;
      });
      const [first = 'waiting', last = 'waiting'] = [way[0], way.at(-1)];
      expect(sum).toEqual(counterChange(first, last));
    }),
  );
});
