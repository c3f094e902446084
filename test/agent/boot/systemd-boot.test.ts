import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { bootTools } from '../../../agent/boot/boot-tool.ts';
import type { BootLoader } from '../../../agent/boot/boot-control.ts';
import { systemdBoot } from '../../../agent/boot/systemd-boot.ts';
import { describeWith } from '../../operator/signers/tools.ts';

let loaderDir: string;
let entries: string;
let boot: BootLoader;

const entry = (slot: string, version: number, sortKey = 'sealift'): string =>
  `title Slot ${slot}\nsort-key ${sortKey}\nversion ${version}\nlinux /${slot}/Image\noptions slot=${slot}\n`;

beforeEach(async () => {
  loaderDir = join(await mkdtemp(join(tmpdir(), 'sealift-esp-')), 'loader');
  entries = join(loaderDir, 'entries');
  await mkdir(entries, { recursive: true });
  await writeFile(join(entries, 'sealift-a.conf'), entry('a', 2));
  await writeFile(join(entries, 'sealift-b.conf.bad'), entry('b', 1));
  boot = systemdBoot({
    loaderDir,
    names: { a: 'sealift-a', b: 'sealift-b' },
    current: () => Promise.resolve('a'),
    tries: 3,
  });
});

const names = async (): Promise<readonly string[]> => (await readdir(entries)).sort();
const trouble = (code: string): unknown => expect.objectContaining({ code });

describe('the entries of systemd-boot', () => {
  test('an update hides the slot, gives it tries, and puts it first, last of all', async () => {
    await boot.setState('b', 'bad');
    expect(await boot.state('b')).toBe('bad');
    await boot.setState('b', 'good');
    expect(await names()).toEqual(['sealift-a.conf', 'sealift-b+3.conf']);
    expect(await boot.primary()).toBe('a');
    await boot.setPrimary('b');

    expect(await boot.primary()).toBe('b');
    const text = await readFile(join(entries, 'sealift-b+3.conf'), 'utf8');
    expect(text).toBe(entry('b', 3));
  });

  test('a commit takes the counter off the name', async () => {
    await boot.setState('b', 'good');
    await boot.setPrimary('b');
    await rename(join(entries, 'sealift-b+3.conf'), join(entries, 'sealift-b+2-1.conf'));

    await boot.makePermanent('b');
    await boot.makePermanent('b');

    expect(await names()).toEqual(['sealift-a.conf', 'sealift-b.conf']);
    expect(await boot.primary()).toBe('b');
  });

  test('an entry whose tries are used up is bad, and no longer first', async () => {
    await boot.setState('b', 'good');
    await boot.setPrimary('b');
    await rename(join(entries, 'sealift-b+3.conf'), join(entries, 'sealift-b+0-3.conf'));

    expect(await boot.state('b')).toBe('bad');
    expect(await boot.primary()).toBe('a');
  });

  test.each([
    ['default sealift-a.conf\n', 'boot_environment_unsafe'],
    ['timeout 0\ndefault sealift-a*\n', 'boot_environment_unsafe'],
    ['default @saved\n', 'boot_environment_unsafe'],
  ])('a loader.conf with %j leaves no way back: %s', async (text, code) => {
    await writeFile(join(loaderDir, 'loader.conf'), text);
    await boot.setState('b', 'good');

    await expect(boot.setPrimary('b')).rejects.toThrow(trouble(code));

    expect(await boot.primary()).toBe('a');
  });

  test.each(['timeout 3\n', 'default sealift-*\n'])('a loader.conf with %j does', async (text) => {
    await writeFile(join(loaderDir, 'loader.conf'), text);
    await boot.setPrimary('b');
    expect(await boot.primary()).toBe('b');
  });

  const put = (name: string, text: string) => writeFile(join(entries, name), text);
  test.each([
    ['two of one slot', () => put('sealift-a+3.conf', entry('a', 2)), 'must hold one entry'],
    ['one version', () => put('sealift-a.conf', entry('a', 1)), 'both entries have version 1'],
    ['no version', () => put('sealift-a.conf', 'sort-key sealift\n'), 'no line "version"'],
    ['no sort-key', () => put('sealift-a.conf', 'version 1\n'), 'no line "sort-key"'],
    ['two sort-keys', () => put('sealift-a.conf', entry('a', 1, 'x')), 'sort-key is "x" in one'],
    [
      'a version of garbage',
      () => put('sealift-a.conf', 'sort-key s\nversion x\n'),
      'whole number',
    ],
  ])('entries with %s are damaged', async (_what, spoil, words) => {
    await spoil();
    await expect(boot.primary()).rejects.toThrow(trouble('boot_environment_damaged'));
    await expect(boot.setPrimary('b')).rejects.toThrow(words);
  });

  test('a folder that is not there is a failure by name', async () => {
    await rename(loaderDir, `${loaderDir}.away`);
    await expect(boot.primary()).rejects.toThrow(trouble('boot_environment_damaged'));
  });
});

// bootctl reads an ESP only where a file system begins: it gets one of its own, in memory.
const mounts = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0;
if (!mounts)
  process.stderr.write('skipped: the order as bootctl sees it needs the right to mount\n');
(mounts ? describeWith : (_tools: unknown, title: string) => describe.skip(title))(
  ['bootctl', 'unshare'],
  'the order of the entries, as the real bootctl sees it',
  () => {
    const byDefault = async (): Promise<string> => {
      const script =
        'mount -t tmpfs none "$2" && cp -r "$1" "$2/loader" && mkdir -p "$2/a" "$2/b" && ' +
        'touch "$2/a/Image" "$2/b/Image" && ' +
        'SYSTEMD_RELAX_ESP_CHECKS=1 exec bootctl --esp-path="$2" --no-pager list';
      const mount = await mkdtemp(join(tmpdir(), 'sealift-mount-'));
      const run = bootTools(tmpdir(), 20_000);
      const listed = await run(['unshare', '-m', 'sh', '-c', script, 'sh', loaderDir, mount]);
      return /title: Slot (\w) \(default\)/.exec(listed)?.[1] ?? 'none';
    };

    test('the primary slot is the default entry, until its tries are used up', async () => {
      expect(await byDefault()).toBe('a');
      await boot.setState('b', 'good');
      expect(await byDefault()).toBe('a');
      await boot.setPrimary('b');
      expect(await byDefault()).toBe('b');

      await rename(join(entries, 'sealift-b+3.conf'), join(entries, 'sealift-b+0-3.conf'));
      expect(await byDefault()).toBe('a');
    });
  },
);
