import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { BootLoader } from '../../../agent/boot/boot-control.ts';
import { bootTools } from '../../../agent/boot/boot-tool.ts';
import { grubBoot } from '../../../agent/boot/grub-boot.ts';
import { grubEnvironment } from '../../../agent/boot/grub-environment.ts';
import { describeWith } from '../../operator/signers/tools.ts';

let folder: string;
let path: string;
let boot: BootLoader;

describeWith(['grub-editenv'], 'GRUB, through the real grub-editenv', () => {
  const edit = (...words: readonly string[]): Promise<string> =>
    bootTools(folder, 20_000)(['grub-editenv', path, ...words]);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealift-grub-'));
    path = join(folder, 'grubenv');
    boot = grubBoot({
      environment: grubEnvironment(path, bootTools(folder, 20_000)),
      names: { a: 'A', b: 'B' },
      current: () => Promise.resolve('a'),
    });
    await edit('create');
    await edit('set', 'ORDER=A', 'A_OK=1', 'A_TRY=1', 'kept=a b');
  });

  test('an update marks bad, marks good, and sets primary last', async () => {
    await boot.confirm?.('a');
    await boot.setState('b', 'bad');
    expect(await boot.state('b')).toBe('bad');
    await boot.setState('b', 'good');
    expect(await boot.primary()).toBe('a');
    await boot.setPrimary('b');

    expect(await boot.primary()).toBe('b');
    const block = await edit('list');
    expect(block).toContain('ORDER=B A\n');
    expect(block).toContain('B_OK=1\n');
    expect(block).toContain('kept=a b\n');
    expect((await readdir(folder)).sort()).toEqual(['grubenv', 'grubenv.sealift']);
  });

  test('the one try that GRUB took is given back to a slot that came up', async () => {
    expect(await boot.primary()).toBeUndefined();

    await boot.confirm?.('a');

    expect(await boot.primary()).toBe('a');
  });

  test('a slot that GRUB tried in vain is not primary any more', async () => {
    await edit('set', 'ORDER=B A', 'B_OK=1', 'B_TRY=1', 'A_TRY=0');

    expect(await boot.primary()).toBe('a');
    expect(await boot.state('b')).toBe('bad');
  });

  test.each(['', 'garbage', 'x'.repeat(1_024)])(
    'a block that a power cut spoiled is replaced by the last one we wrote (%#)',
    async (spoiled) => {
      await boot.makePermanent('b');
      await writeFile(path, spoiled);

      expect(await boot.primary()).toBe('b');
      expect(await edit('list')).toContain('kept=a b\n');
    },
  );

  test('a spoiled block without a whole copy is a failure by name, and nothing is made up', async () => {
    await writeFile(path, 'garbage');
    const damaged = expect.objectContaining({ code: 'boot_environment_damaged' }) as unknown;
    await expect(boot.primary()).rejects.toThrow(damaged);

    await writeFile(`${path}.sealift`, `${'0'.repeat(64)}\n# GRUB Environment Block\n`);
    await expect(boot.setPrimary('b')).rejects.toThrow(damaged);

    expect(await readFile(path, 'utf8')).toBe('garbage');
  });

  test('a folder in its place is a failure by name', async () => {
    path = join(folder, 'other');
    await mkdir(path);
    const environment = grubEnvironment(path, bootTools(folder, 20_000));
    await expect(environment.read()).rejects.toThrow('is a folder');
  });

  test.each([
    [['ORDER=A C'], 'ORDER is "A C"'],
    [['A_OK=yes'], 'A_OK is "yes"'],
  ])('a block with %j is damaged: %s', async (pairs, words) => {
    await edit('set', ...pairs);
    await expect(boot.primary()).rejects.toThrow(words);
  });
});
