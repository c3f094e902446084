import { describe, expect, test } from 'vitest';
import { readBudget } from '../../../agent/drift/read-budget.ts';

/** A clock that only pauses move, and what was paused. */
function world(bytesPerSecond: number) {
  const clock = { now: 0, pauses: [] as number[] };
  const afterRead = readBudget({
    bytesPerSecond,
    milliseconds: () => clock.now,
    pause: (ms) => {
      clock.pauses.push(ms);
      clock.now += ms;
      return Promise.resolve();
    },
  });
  return { clock, afterRead };
}

describe('a budget for reading', () => {
  test('lets so many bytes a second through, whatever their pieces', async () => {
    const { clock, afterRead } = world(1_000);
    for (let read = 0; read < 10; read += 1) await afterRead(500);
    expect(clock.now).toBe(5_000);
  });

  test('does not pause for crumbs, but counts them', async () => {
    const { clock, afterRead } = world(1_000);
    for (let read = 0; read < 100; read += 1) await afterRead(1);
    expect(clock.pauses.every((ms) => ms >= 20)).toBe(true);
    expect(clock.now).toBeGreaterThanOrEqual(80);
  });

  test('does not save up what was not used', async () => {
    const { clock, afterRead } = world(1_000);
    clock.now = 60_000;
    await afterRead(1_000);
    expect(clock.now).toBe(61_000);
  });

  test('ends with the agent', async () => {
    const stopped = new Error('stopped');
    const afterRead = readBudget({
      bytesPerSecond: 1,
      milliseconds: () => 0,
      pause: () => Promise.reject(stopped),
    });
    await expect(afterRead(1)).rejects.toBe(stopped);
  });
});
