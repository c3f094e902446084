import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar';
import { describe, expect, test } from 'vitest';
import { hashesOf } from '../../../firmware-fixtures/cyclonedx.ts';
import { linkInside } from '../../../scripts/fetch-real-firmware/link-inside.ts';
import { packRoot } from '../../../scripts/fetch-real-firmware/pack-root.ts';
import { newestChange } from '../../../scripts/fetch-real-firmware/walk-root.ts';
import { readArchive } from '../read-archive.ts';

const run = promisify(execFile);
const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'sealift-root-'));

/** A root as Debian has it: merged /usr, chains of links, a setuid program, a pipe. */
async function debianLikeRoot(): Promise<string> {
  const root = await newFolder();
  for (const folder of ['usr/bin', 'usr/lib', 'etc/alternatives', 'proc']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await symlink('usr/lib', join(root, 'lib'));
  await writeFile(join(root, 'usr/bin/mawk'), 'mawk');
  await writeFile(join(root, 'usr/bin/su'), 'su');
  await chmod(join(root, 'usr/bin/su'), 0o4755);
  await writeFile(join(root, 'usr/lib/ld.so.1'), 'loader');
  await symlink('/usr/bin/mawk', join(root, 'etc/alternatives/awk'));
  await symlink('/etc/alternatives/awk', join(root, 'usr/bin/awk'));
  await symlink('../../lib/ld.so.1', join(root, 'usr/bin/ld.so'));
  await symlink('../../../../../proc/mounts', join(root, 'etc/mtab'));
  await run('mkfifo', [join(root, 'usr/lib/pipe')]);
  return root;
}

describe('a link, as the archive has it', () => {
  test.each([
    ['etc/alternatives/awk', '../../usr/bin/mawk', 'an absolute target becomes relative'],
    ['usr/bin/awk', 'mawk', 'a chain of links becomes its end'],
    ['usr/bin/ld.so', '../lib/ld.so.1', 'a linked folder on the way is followed'],
    ['etc/mtab', '../proc/mounts', 'a climb above the root stops there, target or no target'],
    ['lib', 'usr/lib', 'a link that was good stays as it was'],
  ])('%s is %s: %s', async (path, linkpath) => {
    expect(await linkInside(await debianLikeRoot(), path)).toBe(linkpath);
  });

  test('that leads in a circle is refused', async () => {
    const root = await newFolder();
    await symlink('b', join(root, 'a'));
    await symlink('a', join(root, 'b'));

    await expect(linkInside(root, 'a')).rejects.toThrow('a leads in a circle');
  });
});

test('the archive is sorted, without setuid bits, without pipes, and its digests are told', async () => {
  const archive = join(await newFolder(), 'artifact.tar.gz');

  const packed = await packRoot(await debianLikeRoot(), archive);

  const bytes = await readFile(archive);
  const entries = await readArchive(gunzipSync(bytes));
  expect(entries.map(({ path }) => path)).toEqual([
    'etc/',
    'etc/alternatives/',
    'etc/alternatives/awk',
    'etc/mtab',
    'lib',
    'proc/',
    'usr/',
    'usr/bin/',
    'usr/bin/awk',
    'usr/bin/ld.so',
    'usr/bin/mawk',
    'usr/bin/su',
    'usr/lib/',
    'usr/lib/ld.so.1',
  ]);
  expect(entries.find(({ path }) => path === 'usr/bin/su')?.mode).toBe(0o755);
  expect(packed).toEqual({
    hashes: hashesOf(bytes),
    entryCount: 14,
    unpackedBytes: 'mawk'.length + 'su'.length + 'loader'.length,
    packedBytes: bytes.length,
  });
});

test('the same root gives the same archive, whenever it was made', async () => {
  const out = await newFolder();

  const first = await packRoot(await debianLikeRoot(), join(out, 'first.tar.gz'));
  const later = await debianLikeRoot();
  await utimes(join(later, 'usr/bin/mawk'), new Date(0), new Date(0));
  const second = await packRoot(later, join(out, 'second.tar.gz'));

  expect(second).toEqual(first);
});

test('a strict extractor accepts the archive', async () => {
  const out = await newFolder();
  const file = join(out, 'artifact.tar.gz');
  await packRoot(await debianLikeRoot(), file);

  await extract({ file, cwd: out, strict: true });

  expect(await readFile(join(out, 'usr/bin/awk'), 'utf8')).toBe('mawk');
});

test('the age of a root is that of its youngest file', async () => {
  const root = await newFolder();
  for (const [name, time] of [
    ['old', '2024-01-01T00:00:00Z'],
    ['young', '2025-01-01T00:00:00Z'],
  ] as const) {
    await writeFile(join(root, name), name);
    await utimes(join(root, name), new Date(time), new Date(time));
  }

  expect(await newestChange(root)).toEqual(new Date('2025-01-01T00:00:00Z'));
});
