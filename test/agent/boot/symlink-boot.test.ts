import { mkdir, mkdtemp, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { BootControl } from '../../../agent/boot/boot-control.ts';
import { symlinkBoot, type SymlinkBootOptions } from '../../../agent/boot/symlink-boot.ts';

let slotsDir: string;

beforeEach(async () => {
  slotsDir = await mkdtemp(join(tmpdir(), 'sealift-slots-'));
  await mkdir(join(slotsDir, 'a'));
  await mkdir(join(slotsDir, 'b'));
});

const boot = (options: Partial<SymlinkBootOptions> = {}): BootControl =>
  symlinkBoot({ slotsDir, restart: undefined, stop: undefined, ...options });

describe('the link', () => {
  test('names nothing on a device that never had a release', async () => {
    expect(await boot().current()).toBeUndefined();
  });

  test('is replaced as a whole, and can be set twice', async () => {
    await boot().setPrimary('a');
    await boot().setPrimary('b');
    await boot().setPrimary('b');

    expect(await readlink(join(slotsDir, 'current'))).toBe('b');
    expect(await boot().primary()).toBe('b');
    expect((await readdir(slotsDir)).sort()).toEqual(['a', 'b', 'current']);
  });

  test('is replaced although a power cut left its other half behind', async () => {
    await symlink('a', join(slotsDir, 'current.partial'));
    await boot().setPrimary('b');

    expect(await boot().current()).toBe('b');
  });

  test('is taken away when nothing shall run', async () => {
    await boot().setPrimary('a');
    await boot().setPrimary(undefined);

    expect(await boot().current()).toBeUndefined();
  });

  test('that somebody else set to something else is no slot of ours', async () => {
    await symlink('/opt/elsewhere', join(slotsDir, 'current'));
    expect(await boot().current()).toBeUndefined();
  });
});

describe('the states of slots', () => {
  test('are bad until somebody says good', async () => {
    expect(await boot().state('a')).toBe('bad');
    await boot().setState('a', 'good');

    expect(await boot().state('a')).toBe('good');
    expect(await boot().state('b')).toBe('bad');
  });

  test('are bad again when their file is torn: never bootable by accident', async () => {
    await boot().setState('a', 'good');
    await writeFile(join(slotsDir, 'slot-states.json'), '{"a":"go');

    expect(await boot().state('a')).toBe('bad');
  });
});

describe('restarting', () => {
  test('tells the command which slot it is about', async () => {
    const restart = ['sh', '-c', 'echo "$SEALIFT_SLOT" > restarted'];
    await boot().setPrimary('b');

    expect(await boot({ restart }).restart('b')).toEqual({ kind: 'restarted' });

    expect(await readFile(join(slotsDir, 'restarted'), 'utf8')).toBe(`${join(slotsDir, 'b')}\n`);
  });

  test('says what went wrong', async () => {
    await boot().setPrimary('b');
    expect(await boot({ restart: ['false'] }).restart('b')).toEqual({
      kind: 'not_restarted',
      detail: 'false ended with 1',
    });
  });

  test('stops the service when there is nothing to run', async () => {
    const stop = ['touch', 'stopped'];
    const restart = ['touch', 'restarted'];

    await boot({ stop, restart }).restart(undefined);

    expect(await readdir(slotsDir)).toContain('stopped');
    expect(await readdir(slotsDir)).not.toContain('restarted');
  });

  test('is nothing to do where the service follows the link by itself', async () => {
    expect(await boot().restart('a')).toEqual({ kind: 'restarted' });
  });
});
