import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { BootControl, BootLoader } from '../../../agent/boot/boot-control.ts';
import { BootTrouble } from '../../../agent/boot/boot-trouble.ts';
import { confirmBoot } from '../../../agent/boot/confirm-boot.ts';
import { rebootingBoot, type RebootDeps } from '../../../agent/boot/rebooting-boot.ts';
import { Stopped } from '../../../agent/stopped.ts';
import {
  firstState,
  type AgentState,
  type Slot,
  type Update,
} from '../../../agent/state/agent-state.ts';

let folder: string;
let running: Slot;
let asked: (readonly string[])[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-reboot-'));
  running = 'a';
  asked = [];
});

/** A boot loader that is not asked anything here, and one life of the board. */
function life(
  bootId: string,
  changes: Partial<RebootDeps> = {},
  loader: Partial<BootLoader> = {},
): BootControl {
  const done = (): Promise<void> => Promise.resolve();
  return rebootingBoot(
    {
      current: () => Promise.resolve(running),
      primary: () => Promise.resolve(running),
      setPrimary: done,
      state: () => Promise.resolve('good'),
      setState: done,
      makePermanent: done,
      ...loader,
    },
    {
      command: ['systemctl', 'reboot'],
      run: (command) => {
        asked.push(command);
        return Promise.resolve('');
      },
      markPath: join(folder, 'reboot.json'),
      bootId,
      untilEnd: () => Promise.reject(new Stopped('the board goes down')),
      patienceMs: 5_000,
      ...changes,
    },
  );
}

describe('a planned reboot', () => {
  test('is asked for, and ends the life of the agent', async () => {
    await expect(life('1').restart('b')).rejects.toThrow(Stopped);
    expect(asked).toEqual([['systemctl', 'reboot']]);
  });

  test('has arrived when the slot runs, and fell back when another one does', async () => {
    await expect(life('1').restart('b')).rejects.toThrow(Stopped);

    expect(await life('1').arrival('b')).toBe('not_tried'); // the agent was restarted, not the board
    expect(await life('2').arrival('b')).toBe('fell_back');
    running = 'b';
    expect(await life('2').arrival('b')).toBe('arrived');
    expect(await life('2').restart('b')).toEqual({ kind: 'restarted' });
    expect(await readdir(folder)).toEqual([]);
  });

  test('that does not come is no success', async () => {
    const boot = life('1', { untilEnd: () => Promise.resolve() });

    expect(await boot.restart('b')).toEqual({
      kind: 'not_restarted',
      detail: 'a reboot was asked for and did not come within 5 s',
    });
    expect(await life('2').arrival('b')).toBe('not_tried');
  });

  test('that cannot be asked for is no success', async () => {
    const run = () => Promise.reject(new BootTrouble('boot_tool_missing', 'no systemctl'));

    expect(await life('1', { run }).restart('b')).toMatchObject({ kind: 'not_restarted' });
    expect(await life('2').arrival('b')).toBe('not_tried');
  });

  test('is judged no more once its slot is written anew', async () => {
    await expect(life('1').restart('b')).rejects.toThrow(Stopped);
    await life('2').setState('a', 'bad');
    expect(await life('2').arrival('b')).toBe('fell_back');

    await life('2').setState('b', 'bad');

    expect(await life('2').arrival('b')).toBe('not_tried');
  });

  test('whose mark is torn is asked for once more', async () => {
    await writeFile(join(folder, 'reboot.json'), '{"slot":"b');
    expect(await life('2').arrival('b')).toBe('not_tried');
  });

  test('goes by the boot loader where that has a way of its own', async () => {
    const rebootCommand = () => Promise.resolve(['reboot', '0 tryboot']);
    await expect(life('1', {}, { rebootCommand }).restart('b')).rejects.toThrow(Stopped);
    expect(asked).toEqual([['reboot', '0 tryboot']]);
  });
});

describe('a start that came up', () => {
  const confirmed: Slot[] = [];
  const confirm = (slot: Slot): Promise<void> => {
    confirmed.push(slot);
    return Promise.resolve();
  };
  const release = { product: 'gateway', version: '1', manifestSha256: '1'.repeat(64) };
  const installed = {
    release,
    securityEpoch: 1,
    installedSha256: '1'.repeat(64),
    components: [],
  };

  const underWay = (slots: Update['slots']): AgentState => ({
    ...firstState(),
    stage: 'trial',
    update: {
      ...{ release, securityEpoch: 1, artifacts: [], slots, releaseCounter: 1, wakeUps: {} },
      milliseconds: { verify: 0, download: 0, trial: 0 },
    },
  });

  beforeEach(() => {
    confirmed.length = 0;
  });

  test('is told to the boot loader by a device at rest', async () => {
    const boot = life('1', {}, { confirm });
    expect(await confirmBoot(boot, firstState())).toBeUndefined();
    await confirmBoot(boot, { ...firstState(), slots: { a: installed, b: null } });
    expect(confirmed).toEqual(['a', 'a']);
  });

  test('is not told of a slot without a release', async () => {
    const boot = life('1', {}, { confirm });
    await confirmBoot(boot, { ...firstState(), slots: { a: null, b: installed } });
    expect(confirmed).toEqual([]);
  });

  test('is told in an update too, of the slot that the update could go back to', async () => {
    const boot = life('1', {}, { confirm });
    const slots = { a: null, b: installed }; // the factory's release in a, the new one in b
    await confirmBoot(boot, { ...underWay({ to: 'b', from: 'a' }), slots });
    expect(confirmed).toEqual(['a']);
  });

  test('is not told of the slot on trial: that one must run out of tries', async () => {
    const boot = life('1', {}, { confirm });
    const slots = { a: installed, b: installed };
    await confirmBoot(boot, { ...underWay({ to: 'a', from: 'b' }), slots });
    expect(confirmed).toEqual([]);
  });

  test('is no reason to end where the boot loader is broken', async () => {
    const broken = () => Promise.reject(new BootTrouble('boot_tool_missing', 'fw_setenv'));
    const says = await confirmBoot(life('1', {}, { confirm: broken }), firstState());
    expect(says).toBe('boot_tool_missing: fw_setenv');
  });
});
