import { describe, expect, test } from 'vitest';
import {
  MACHINE,
  mayWake,
  next,
  STAGES,
  wakeUp,
  type Outcome,
  type Stage,
} from '../../agent/machine.ts';

const targetsOf = (stage: Stage): readonly Stage[] =>
  Object.values(MACHINE[stage].on as Partial<Record<Outcome, Stage>>);

const reaches = (from: Stage, to: Stage, seen: readonly Stage[] = []): boolean =>
  from === to ||
  targetsOf(from).some((target) => !seen.includes(target) && reaches(target, to, [...seen, from]));

describe('the update as a table', () => {
  test('names every stage once', () => {
    expect(Object.keys(MACHINE).sort()).toEqual([...STAGES].sort());
  });

  test.each(STAGES)('%s leads back to idle', (stage) => {
    expect(reaches(stage, 'idle')).toBe(true);
  });

  test.each(STAGES)('%s is reached from idle', (stage) => {
    expect(reaches('idle', stage)).toBe(true);
  });

  test('goes straight through when everything is well', () => {
    const walked: Stage[] = [];
    let stage = next('idle', 'done');
    while (stage !== 'idle') {
      walked.push(stage);
      stage = next(stage, 'done');
    }
    expect(walked).toEqual([
      'verifying',
      'downloading',
      'installing',
      'activating',
      'trial',
      'committing',
    ]);
  });

  test.each(['downloading', 'installing', 'activating', 'trial', 'committing'] as const)(
    'rolls back when %s fails',
    (stage) => {
      expect(next(stage, 'failed')).toBe('rolling_back');
    },
  );

  test('an outcome that a row does not list is a bug, never a guess', () => {
    expect(() => next('idle', 'failed')).toThrow("bug: 'failed' cannot happen while idle");
    expect(() => next('rolling_back', 'failed')).toThrow('bug');
  });
});

describe('after a power cut', () => {
  test('a half-written slot is written again from an artifact that is hashed again', () => {
    expect(wakeUp('installing')).toBe('downloading');
  });

  test('a commit is believed only after another trial', () => {
    expect(wakeUp('committing')).toBe('trial');
  });

  test('a rollback goes on, however often it is interrupted', () => {
    expect(wakeUp('rolling_back')).toBe('rolling_back');
    expect(mayWake('rolling_back')).toBe(Infinity);
  });

  test.each(STAGES)('%s wakes in a stage from which idle is reached', (stage) => {
    expect(reaches(wakeUp(stage), 'idle')).toBe(true);
  });

  test.each(['activating', 'trial', 'committing'] as const)(
    '%s is given up after a few tries: no reboot loops',
    (stage) => {
      expect(mayWake(stage)).toBeLessThanOrEqual(3);
    },
  );
});
