import { describe, expect, test } from 'vitest';
import { resumeUpdate, runUpdate } from '../../agent/run-update.ts';
import { DIGESTS } from '../support/failing-content.ts';
import {
  failingDevice,
  PowerCut,
  type FailingDevice,
  type Fault,
  type Plan,
} from '../support/failing-world.ts';

/** The agent after the fault: it starts again and again, and cleans up whenever it is idle. */
async function liveThrough(device: FailingDevice): Promise<void> {
  let work = (): Promise<unknown> => runUpdate(device.world);
  for (let starts = 1; ; starts += 1) {
    try {
      await work();
      await device.cleanUp();
      if (endings(device).length > 0) return;
      work = () => runUpdate(device.world); // the power went before the offer was taken up
    } catch (cause) {
      const isExpected = cause instanceof PowerCut || (cause as Error).message.startsWith('EIO');
      if (!isExpected || starts > 4) throw cause;
      work = () => resumeUpdate(device.world);
    }
  }
}

/** A clean-up that never reached the disk is done at the next start, and at the one after that. */
async function startAgain(device: FailingDevice): Promise<void> {
  await device.cleanUp().catch((cause: unknown) => {
    if (!(cause instanceof PowerCut)) throw cause;
  });
  await device.cleanUp();
}

const endings = (device: FailingDevice): readonly string[] =>
  [...device.reports.values()].map(({ kind }) => kind).filter((kind) => kind !== 'stage');

type Release = Pick<Plan, 'components' | 'modules' | 'reboot' | 'keeps'>;
const RELEASES: readonly (readonly [string, Release])[] = [
  ['an archive and a module', { components: ['app'], modules: ['mcu'] }],
  ['a module alone', { components: [], modules: ['mcu'] }],
  ['two modules', { components: [], modules: ['mcu', 'modem'] }],
  ['a module that reboots', { components: ['app'], modules: ['mcu'], reboot: 'Yes' }],
];

const cases = RELEASES.flatMap(([name, release]) =>
  [true, false].map((healthy) => [name, healthy, release] as const),
);

describe.each(cases)('a release of %s whose health is %s', (_, healthy, release) => {
  const planned = { ...release, healthy };

  test('is installed, or taken back, when nothing goes wrong', async () => {
    const device = failingDevice({ ...planned, fault: undefined });

    await liveThrough(device);

    expect(device.running()).toBe(healthy ? 'new' : 'old');
    expect(endings(device)).toEqual([healthy ? 'receipt' : 'rolled_back']);
    expect(device.notedModules()).toBe(0);
  });

  test.each(['cut_before', 'cut_after', 'lost', 'persisted'] as const)(
    'ends whole, and the last word is the truth, wherever it is hit (%s)',
    async (kind: Fault['kind']) => {
      const whole = failingDevice({ ...planned, fault: undefined });
      await liveThrough(whole);
      for (let atStep = 1; atStep <= whole.steps(); atStep += 1) {
        const device = failingDevice({ ...planned, fault: { atStep, kind } });

        await liveThrough(device);

        const where = `at step ${atStep} of ${whole.steps()}`;
        expect(device.stage(), where).toBe('idle');
        expect(device.everRanHalfASlot(), where).toBe(false);
        expect(device.running(), where).not.toBe('half');
        expect(device.running() === 'new', where).toBe(endings(device).at(-1) === 'receipt');
        if (kind.startsWith('cut')) expect(endings(device), where).toHaveLength(1);
        if (!healthy) expect(device.running(), where).toBe('old');
        await startAgain(device);
        expect(device.notedModules(), where).toBe(0);
      }
    },
  );
});

test.each([true, false])(
  'a release of modules alone never touches a slot, wherever the power goes (healthy: %s)',
  async (healthy) => {
    const plan: Omit<Plan, 'fault'> = { components: [], modules: ['mcu'], keeps: ['app'], healthy };
    const whole = failingDevice({ ...plan, fault: undefined });
    await liveThrough(whole);
    for (const kind of ['cut_before', 'cut_after', 'lost', 'persisted'] as const) {
      for (let atStep = 1; atStep <= whole.steps(); atStep += 1) {
        const device = failingDevice({ ...plan, fault: { atStep, kind } });

        await liveThrough(device);

        const where = `${kind} at step ${atStep} of ${whole.steps()}`;
        const installed = device.installed();
        const version = endings(device).at(-1) === 'receipt' ? '2.0.0' : '1.0.0';
        expect(installed?.release.version, where).toBe(version);
        const noted = [...(installed?.components ?? []), ...(installed?.kept ?? [])];
        const app = { component: 'app', installedSha256: DIGESTS.old };
        expect(noted, where).toContainEqual(expect.objectContaining(app));
        expect(device.touchedSpare(), where).toBe(false);
      }
    }
  },
);

test('a module that was cut short is rolled back, and not called for the same again', async () => {
  const plan: Plan = { components: ['app'], modules: ['mcu'], healthy: true, fault: undefined };
  const ended: string[] = [];
  const whole = failingDevice(plan);
  await liveThrough(whole);

  for (let atStep = 1; atStep <= whole.steps(); atStep += 1) {
    const device = failingDevice({ ...plan, fault: { atStep, kind: 'cut_after' } });
    await liveThrough(device);
    const last = [...device.reports.values()].at(-1);
    ended.push(last !== undefined && 'reason' in last ? last.reason : (last?.kind ?? ''));
  }

  expect(new Set(ended)).toEqual(new Set(['receipt', 'module_interrupted']));
});
