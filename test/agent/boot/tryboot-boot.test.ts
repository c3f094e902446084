import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseAutoboot, writeAutoboot } from '../../../agent/boot/autoboot-file.ts';
import type { BootLoader } from '../../../agent/boot/boot-control.ts';
import { slotStates } from '../../../agent/boot/slot-states.ts';
import { trybootBoot } from '../../../agent/boot/tryboot-boot.ts';

const FACTORY = '# ours\n[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n';

let path: string;
let boot: BootLoader;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-tryboot-'));
  path = join(folder, 'autoboot.txt');
  await writeFile(path, FACTORY);
  boot = trybootBoot({
    path,
    partitions: { a: 2, b: 3 },
    states: slotStates(join(folder, 'slot-states.json')),
    current: () => Promise.resolve('a'),
    tryCommand: ['reboot', '0 tryboot'],
  });
});

const said = async () => parseAutoboot(await readFile(path, 'utf8'));
const damaged: unknown = expect.objectContaining({ code: 'boot_environment_damaged' });

describe('tryboot of a Raspberry Pi', () => {
  test('a switch is tried once: until the commit, any other start takes the old slot', async () => {
    await boot.setPrimary('b');

    expect(await said()).toEqual({ boot: 2, tryboot: 3 });
    expect(await boot.primary()).toBe('a');
    expect(await boot.rebootCommand?.('b')).toEqual(['reboot', '0 tryboot']);
    expect(await boot.rebootCommand?.('a')).toBeUndefined();
  });

  test('a commit turns the two partitions over, and keeps what else stands there', async () => {
    await boot.makePermanent('b');
    await boot.makePermanent('b');

    expect(await said()).toEqual({ boot: 3, tryboot: 2 });
    expect(await boot.state('b')).toBe('good');
    expect(await readFile(path, 'utf8')).toContain('# ours\n');
    expect(await boot.primary()).toBe('b');
  });

  test('a missing [tryboot] is added by the switch', async () => {
    await writeFile(path, 'tryboot_a_b=1\nboot_partition=2\n');
    await boot.setPrimary('b');
    expect(await said()).toEqual({ boot: 2, tryboot: 3 });
  });

  test.each([
    ['[all]\nboot_partition=2\n', 'lacks tryboot_a_b=1'],
    ['[all]\ntryboot_a_b=1\n', 'lacks boot_partition'],
    ['[all]\ntryboot_a_b=1\nboot_partition=two\n', 'boot_partition in [all] is "two"'],
    ['#'.repeat(513), 'longer than 512 bytes'],
  ])('autoboot.txt with %j is damaged: %s', async (text, words) => {
    await writeFile(path, text);
    await expect(boot.setPrimary('b')).rejects.toThrow(damaged);
    await expect(boot.makePermanent('b')).rejects.toThrow(words);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  test('a partition that is none of ours, or no file at all, is a failure by name', async () => {
    await writeFile(path, FACTORY.replace('=2', '=7'));
    await expect(boot.primary()).rejects.toThrow('says "7"');
    await rm(path);
    await expect(boot.primary()).rejects.toThrow(damaged);
  });

  test('a file that would grow too long for the firmware is not written', () => {
    const long = `[all]\ntryboot_a_b=1\nboot_partition=2\n${'#'.repeat(470)}\n`;
    expect(() => writeAutoboot(long, { boot: 2, tryboot: 3 })).toThrow('longer than 512');
  });
});
