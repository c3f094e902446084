import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FIRMWARES } from '../support/board-firmware.ts';
import { endings, failingBoard, type FailingBoard, type Health } from '../support/failing-board.ts';
import type { Fault } from '../support/failing-world.ts';

vi.setConfig({ testTimeout: 60_000 }); // hundreds of updates, with real files

/** Thousands of flushes: on a disk in memory, where there is one. */
const disk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const everyStep = Array.from({ length: 80 }, (_, index) => index + 1);

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function boardOf(
  name: string,
  health: Health,
  fault: Fault | undefined,
  cutsInDownload = 0,
): Promise<FailingBoard> {
  const folder = await mkdtemp(join(disk, 'sealift-board-'));
  folders.push(folder);
  const firmware = FIRMWARES[name]?.(folder);
  if (firmware === undefined) throw new Error(`no firmware ${name}`);
  return failingBoard(firmware, join(folder, 'reboot.json'), { health, fault, cutsInDownload });
}

describe.each(Object.keys(FIRMWARES))('a board with %s', (name) => {
  test('runs the new release when it is healthy, through a reboot of its own asking', async () => {
    const board = await boardOf(name, 'healthy', undefined);

    await board.live();

    expect(board.running()).toBe('new');
    expect(endings(board.reports)).toEqual(['receipt']);
    for (let starts = 1; starts <= 5; starts += 1) expect(await board.startAgain()).toBe('new');
    expect(board.steps()).toBeLessThan(everyStep.length);
  });

  test.each(['sick', 'dead'] as const)(
    'is back on the old release when the new one is %s, and stays there',
    async (health) => {
      const board = await boardOf(name, health, undefined);

      await board.live();

      expect(endings(board.reports)).toEqual(['rolled_back']);
      const reason = health === 'sick' ? 'health' : 'activation';
      expect([...board.reports.values()].at(-1)).toMatchObject({ reason });
      for (let starts = 1; starts <= 5; starts += 1) expect(await board.startAgain()).toBe('old');
      expect(board.steps()).toBeLessThan(everyStep.length);
    },
  );

  test.each([1, 2, 3, 4, 5, 6])(
    'has the old release to go back to after %i power cuts in one download',
    async (cuts) => {
      const board = await boardOf(name, 'dead', undefined, cuts);

      await board.live();

      expect(endings(board.reports)).toEqual(['rolled_back']);
      expect(board.everRanHalfASlot()).toBe(false);
      expect(board.everAtALoss()).toBe(false);
      for (let starts = 1; starts <= 5; starts += 1) expect(await board.startAgain()).toBe('old');
    },
  );

  test.each(['healthy', 'sick', 'dead'] as const)(
    'ends whole and tells the truth, wherever the power goes (%s)',
    async (health) => {
      for (const kind of ['cut_before', 'cut_after', 'lost', 'persisted'] as const) {
        for (const atStep of everyStep) {
          const board = await boardOf(name, health, { atStep, kind });

          await board.live();

          const where = `${kind} at step ${atStep}`;
          expect(board.stage(), where).toBe('idle');
          expect(board.everRanHalfASlot(), where).toBe(false);
          if (health !== 'healthy') expect(board.running(), where).toBe('old');
          const isNew = board.running() === 'new';
          expect(endings(board.reports).at(-1) === 'receipt', where).toBe(isNew);
          expect(await board.startAgain(), where).toBe(board.running());
          if (board.steps() < atStep) break; // the fault was beyond the last step
        }
      }
    },
  );
});
