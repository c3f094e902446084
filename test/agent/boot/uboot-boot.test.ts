import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { BootLoader } from '../../../agent/boot/boot-control.ts';
import { bootTools, type BootTool } from '../../../agent/boot/boot-tool.ts';
import { slotStates } from '../../../agent/boot/slot-states.ts';
import { ubootEnvironment } from '../../../agent/boot/uboot-environment.ts';
import { ubootOrderBoot } from '../../../agent/boot/uboot-order-boot.ts';
import { ubootUpgradeBoot } from '../../../agent/boot/uboot-upgrade-boot.ts';
import { describeWith } from '../../operator/signers/tools.ts';

const COPY_BYTES = 0x4000;

let folder: string;
let run: BootTool;
let called: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-uboot-'));
  const tools = bootTools(folder, 20_000);
  called = [];
  run = (command) => {
    called.push(command[0] ?? '');
    return tools(command);
  };
});

const at = (name: string): string => join(folder, name);
const trouble = (code: string): unknown => expect.objectContaining({ code });

/** A file that holds an environment, and the `fw_env.config` that says where. */
async function flash(name: string, copies: 1 | 2, variables: Record<string, string>) {
  const lines = Array.from({ length: copies }, (_, copy) => {
    return `${at(`${name}.bin`)} 0x${(copy * COPY_BYTES).toString(16)} 0x${COPY_BYTES.toString(16)}\n`;
  });
  await writeFile(at(`${name}.bin`), Buffer.alloc(copies * COPY_BYTES));
  await writeFile(at(`${name}.config`), lines.join(''));
  const script = Object.entries(variables).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(at('factory'), script.join(''));
  const config = at(`${name}.config`);
  await bootTools(
    folder,
    20_000,
  )(['fw_setenv', '-c', config, '-f', '/dev/null', '-s', at('factory')]);
  return config;
}

async function printed(config: string): Promise<string> {
  return bootTools(folder, 20_000)(['fw_printenv', '-c', config]);
}

const damage = (name: string): Promise<void> =>
  writeFile(at(`${name}.bin`), Buffer.alloc(2 * COPY_BYTES, 0x5a));

const FACTORY = { BOOT_ORDER: 'A B', BOOT_A_LEFT: '3', BOOT_B_LEFT: '3', other: 'a=b c' };

function order(...configs: readonly string[]): BootLoader {
  return ubootOrderBoot({
    environment: ubootEnvironment({ configs, run }),
    names: { a: 'A', b: 'B' },
    current: () => Promise.resolve('a'),
    tries: 3,
  });
}

describeWith(['fw_setenv'], 'U-Boot with a boot order, through the real tools', () => {
  test('an update marks bad, marks good with tries, and sets primary last', async () => {
    const config = await flash('env', 2, FACTORY);
    const boot = order(config);

    await boot.setState('b', 'bad');
    expect(await printed(config)).toContain('BOOT_ORDER=A\n');
    expect(await printed(config)).toContain('BOOT_B_LEFT=0\n');
    expect(await boot.state('b')).toBe('bad');
    await boot.setState('b', 'good');
    expect(await boot.primary()).toBe('a');
    expect(await boot.state('b')).toBe('good');
    await boot.setPrimary('b');

    expect(await boot.primary()).toBe('b');
    expect(await printed(config)).toContain('BOOT_ORDER=B A\n');
    expect(await printed(config)).toContain('other=a=b c\n');
  });

  test('a change is one batch, and what is so already is not written again', async () => {
    const boot = order(await flash('env', 2, FACTORY));

    await boot.makePermanent('b');
    await boot.makePermanent('b');

    expect(called.filter((tool) => tool === 'fw_setenv')).toHaveLength(1);
  });

  test('a slot whose tries U-Boot used up is no longer primary, nor good', async () => {
    const used = { ...FACTORY, BOOT_ORDER: 'B A', BOOT_B_LEFT: '0' };
    const boot = order(await flash('env', 2, used));

    expect(await boot.primary()).toBe('a');
    expect(await boot.state('b')).toBe('bad');
  });

  test('tries are hexadecimal, as setexpr writes them', async () => {
    const boot = order(await flash('env', 2, { ...FACTORY, BOOT_A_LEFT: 'a' }));
    expect(await boot.state('a')).toBe('good');
  });

  test('a running slot gets its tries back', async () => {
    const config = await flash('env', 2, { ...FACTORY, BOOT_A_LEFT: '1' });

    await order(config).confirm?.('a');

    expect(await printed(config)).toContain('BOOT_A_LEFT=3\n');
    expect(await printed(config)).toContain('BOOT_ORDER=A B\n');
  });

  test.each([
    [{ ...FACTORY, BOOT_ORDER: '' }, 'BOOT_ORDER is not set'],
    [{ ...FACTORY, BOOT_ORDER: 'A A' }, 'BOOT_ORDER is "A A"'],
    [{ ...FACTORY, BOOT_ORDER: 'A rescue' }, 'BOOT_ORDER is "A rescue"'],
    [{ ...FACTORY, BOOT_B_LEFT: 'many' }, 'BOOT_B_LEFT is "many"'],
    [{ ...FACTORY, BOOT_B_LEFT: '-1' }, 'BOOT_B_LEFT is "-1"'],
    [{ BOOT_ORDER: 'A B', BOOT_A_LEFT: '3' }, 'BOOT_B_LEFT is not set'],
  ])('an environment that says %j is damaged: %s', async (variables, words) => {
    const boot = order(await flash('env', 2, variables));

    await expect(boot.primary()).rejects.toThrow(trouble('boot_environment_damaged'));
    await expect(boot.setPrimary('b')).rejects.toThrow(words);
  });

  test('an environment of garbage is a failure by name, and stays as it is', async () => {
    const config = await flash('env', 2, FACTORY);
    await damage('env');
    const before = await readFile(at('env.bin'));

    await expect(order(config).setState('b', 'bad')).rejects.toThrow(trouble('boot_tool_failed'));

    expect((await readFile(at('env.bin'))).equals(before)).toBe(true);
  });

  test('of two independent copies the whole one is read, and the torn one is made anew', async () => {
    const configs = [await flash('backup', 1, FACTORY), await flash('primary', 1, FACTORY)];
    await writeFile(at('primary.bin'), Buffer.alloc(COPY_BYTES, 0x5a));
    const boot = order(...configs);
    expect(await boot.primary()).toBe('a');

    await boot.setPrimary('b');

    for (const config of configs) {
      expect(await printed(config)).toContain('BOOT_ORDER=B A\n');
      expect(await printed(config)).toContain('other=a=b c\n');
    }
  });
});

const MENDER = {
  mender_boot_part: '2',
  mender_boot_part_hex: '2',
  upgrade_available: '0',
  bootcount: '0',
  bootlimit: '1',
  altbootcmd: 'run mender_altbootcmd; run bootcmd',
};

function upgrade(config: string): BootLoader {
  return ubootUpgradeBoot({
    environment: ubootEnvironment({ configs: [config], run }),
    partitions: { a: 2, b: 10 },
    states: slotStates(at('slot-states.json')),
    current: () => Promise.resolve('a'),
  });
}

describeWith(['fw_setenv'], 'U-Boot with a boot counter, through the real tools', () => {
  test('a switch lets U-Boot count, and a commit ends the counting', async () => {
    const config = await flash('env', 2, MENDER);
    const boot = upgrade(config);

    await boot.setState('b', 'good');
    await boot.setPrimary('b');
    expect(await printed(config)).toContain('upgrade_available=1\n');
    expect(await printed(config)).toContain('mender_boot_part=10\n');
    expect(await printed(config)).toContain('mender_boot_part_hex=a\n');
    expect(await boot.primary()).toBe('b');

    await boot.makePermanent('b');
    expect(await printed(config)).toContain('upgrade_available=0\n');
    expect(await printed(config)).toContain('bootcount=0\n');
    expect(await boot.state('b')).toBe('good');
  });

  test('the way back is not counted: the old release has proved itself long ago', async () => {
    const config = await flash('env', 2, { ...MENDER, mender_boot_part: '10', bootcount: '2' });

    await upgrade(config).makePermanent('a');

    expect(await printed(config)).toContain('mender_boot_part=2\n');
    expect(await printed(config)).toContain('upgrade_available=0\n');
  });

  test.each([
    ['boot_environment_unsafe', { ...MENDER, bootlimit: '0' }],
    ['boot_environment_damaged', { ...MENDER, bootlimit: '' }],
    ['boot_environment_damaged', { ...MENDER, altbootcmd: '' }],
  ])('%s: a board without a way back is not switched (%j)', async (code, variables) => {
    const config = await flash('env', 2, variables);

    await expect(upgrade(config).setPrimary('b')).rejects.toThrow(trouble(code));

    expect(await printed(config)).toContain('mender_boot_part=2\n');
  });

  test('a partition that is none of ours is no guess', async () => {
    const config = await flash('env', 2, { ...MENDER, mender_boot_part: '7' });
    await expect(upgrade(config).primary()).rejects.toThrow('mender_boot_part is "7"');
  });
});

describe('tools that cannot be trusted', () => {
  const says = (text: string): BootLoader => {
    run = () => Promise.resolve(text);
    return order('fw_env.config');
  };
  const whole = 'BOOT_ORDER=A B\nBOOT_A_LEFT=3\nBOOT_B_LEFT=3\n';

  test('fw_setenv that says "done" and wrote nothing is found out', async () => {
    const boot = says(whole);
    await expect(boot.setPrimary('b')).rejects.toThrow(trouble('boot_not_written'));
    expect(await boot.primary()).toBe('a');
  });

  test('fw_printenv that says something else is found out', async () => {
    await expect(says('Usage: fw_printenv\n').primary()).rejects.toThrow(
      trouble('boot_environment_damaged'),
    );
  });
});
