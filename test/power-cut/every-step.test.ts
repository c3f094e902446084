import { describe, expect, test } from 'vitest';
import { resumeUpdate, runUpdate } from '../../agent/run-update.ts';
import {
  failingDevice,
  PowerCut,
  type FailingDevice,
  type Fault,
} from '../support/failing-world.ts';

const everyStep = Array.from({ length: 50 }, (_, index) => index + 1);

/** The agent after the fault: it starts again and again, and the server offers again. */
async function liveThrough(device: FailingDevice): Promise<void> {
  let work = (): Promise<unknown> => runUpdate(device.world);
  for (let starts = 1; ; starts += 1) {
    try {
      await work();
      if (endings(device).length > 0) return;
      work = () => runUpdate(device.world); // the power went before the offer was taken up
    } catch (cause) {
      const isExpected = cause instanceof PowerCut || (cause as Error).message.startsWith('EIO');
      if (!isExpected || starts > 4) throw cause;
      work = () => resumeUpdate(device.world);
    }
  }
}

const endings = (device: FailingDevice): readonly string[] =>
  [...device.reports.values()].map(({ kind }) => kind).filter((kind) => kind !== 'stage');

const gapless = (device: FailingDevice): boolean =>
  [...device.reports.keys()].sort((a, b) => a - b).every((number, index) => number === index + 1);

describe.each([
  [['rootfs'], true],
  [['rootfs'], false],
  [['rootfs', 'app'], true],
  [['rootfs', 'app'], false],
])('an update of %j to a release whose health is %s', (components, healthy) => {
  test.each(['cut_before', 'cut_after'] as const)(
    'ends whole, and is reported exactly once, wherever the power goes (%s)',
    async (kind) => {
      for (const atStep of everyStep) {
        const device = failingDevice({ healthy, components, fault: { atStep, kind } });

        await liveThrough(device);

        const where = `at step ${atStep}`;
        expect(device.stage(), where).toBe('idle');
        expect(device.everRanHalfASlot(), where).toBe(false);
        expect(endings(device), where).toHaveLength(1);
        expect(gapless(device), where).toBe(true);
        expect(device.running(), where).toBe(healthy ? 'new' : 'old');
        expect(endings(device)[0], where).toBe(healthy ? 'receipt' : 'rolled_back');
      }
    },
  );

  test.each(['lost', 'persisted'] as const)(
    'ends whole, and the last word is the truth, when a write is %s',
    async (kind: Fault['kind']) => {
      for (const atStep of everyStep) {
        const device = failingDevice({ healthy, components, fault: { atStep, kind } });

        await liveThrough(device);

        const where = `at step ${atStep}`;
        expect(device.stage(), where).toBe('idle');
        expect(device.everRanHalfASlot(), where).toBe(false);
        expect(endings(device).at(-1), where).toSatisfy((ending: string) =>
          device.running() === 'new' ? ending === 'receipt' : ending !== 'receipt',
        );
        if (!healthy) expect(device.running(), where).toBe('old');
      }
    },
  );
});

test('the steps that are cut are all the steps there are', async () => {
  const components = ['rootfs', 'app'];
  const device = failingDevice({ healthy: false, components, fault: undefined });

  await runUpdate(device.world);

  expect(device.steps()).toBeLessThan(everyStep.length);
});

test('a device that wakes up in the trial again and again goes back, and does not loop', async () => {
  const device = failingDevice({ healthy: true, fault: undefined });
  const cutInTrial = {
    ...device.world,
    perform: (state: Parameters<typeof device.world.perform>[0]) => {
      if (state.stage === 'trial') throw new PowerCut();
      return device.world.perform(state);
    },
  };

  await expect(runUpdate(cutInTrial)).rejects.toThrow(PowerCut);
  for (let wakeUps = 1; wakeUps <= 3; wakeUps += 1) {
    await expect(resumeUpdate(cutInTrial)).rejects.toThrow(PowerCut);
  }
  await resumeUpdate(cutInTrial);

  expect(device.running()).toBe('old');
  expect([...device.reports.values()].at(-1)).toMatchObject({
    kind: 'rolled_back',
    reason: 'interrupted',
    stage: 'trial',
  });
});
