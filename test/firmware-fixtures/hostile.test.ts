import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  harmlessArchive,
  hostileArchives,
  type HostileArchive,
} from '../../firmware-fixtures/hostile/hostile.ts';
import { fileNameOf, writeHostile } from '../../firmware-fixtures/hostile/write-hostile.ts';
import { readArchive, type ReadArchiveEntry } from './read-archive.ts';

const outside = '/outside';
const small = { outside, bombBytes: 2 ** 20, entryCount: 1_500, depth: 300, nameLength: 300 };
const archives = new Map(hostileArchives(small).map((archive) => [archive.name, archive]));

async function bytesOf(name: string): Promise<Buffer> {
  const archive = archives.get(name);
  if (archive === undefined) throw new Error(`no archive is called ${name}`);
  const bytes = await archive.build();
  return archive.mediaType === 'application/gzip' ? gunzipSync(bytes) : bytes;
}

/** What the archive holds after the harmless `first.txt` it begins with. */
async function attackIn(name: string): Promise<readonly Partial<ReadArchiveEntry>[]> {
  const [first, ...attack] = await readArchive(await bytesOf(name));
  expect(first).toMatchObject({ path: 'first.txt', type: 'File' });
  return attack;
}

describe('every hostile archive really holds what it attempts, after a harmless file', () => {
  test.each([
    ['path-traversal', [{ path: '../evil', type: 'File' }]],
    ['deep-path-traversal', [{ path: 'service/lib/../../../evil', type: 'File' }]],
    ['absolute-path', [{ path: '/outside/evil', type: 'File' }]],
    ['pax-path-traversal', [{ path: '../evil', type: 'File' }]],
    ['over-deep-path', [{ path: `${'d/'.repeat(300)}evil`, type: 'File' }]],
    ['over-long-name', [{ path: 'n'.repeat(300), type: 'File' }]],
    ['duplicate-entry', [{ path: 'twice.txt' }, { path: 'twice.txt' }]],
    ['relative-symlink-out', [{ type: 'SymbolicLink', linkpath: '../evil' }]],
    ['absolute-symlink-out', [{ type: 'SymbolicLink', linkpath: '/outside/evil' }]],
    [
      'write-through-symlink',
      [
        { path: 'folder', linkpath: '/outside' },
        { path: 'folder/evil', type: 'File' },
      ],
    ],
    ['write-over-symlink', [{ path: 'evil', type: 'SymbolicLink' }, { path: 'evil' }]],
    ['absolute-hardlink-out', [{ type: 'Link', linkpath: '/outside/victim' }]],
    ['relative-hardlink-out', [{ type: 'Link', linkpath: '../victim' }]],
    ['write-through-hardlink', [{ path: 'victim', type: 'Link' }, { path: 'victim' }]],
    ['character-device', [{ path: 'mem', type: 'CharacterDevice' }]],
    ['fifo', [{ path: 'pipe', type: 'FIFO' }]],
    ['setuid-file', [{ path: 'root-shell', type: 'File', mode: 0o4755 }]],
  ])('%s', async (name, attack) => {
    expect(await attackIn(name)).toMatchObject(attack);
  });

  test('decompression-bomb is a thousandth of what it expands to', async () => {
    const [bomb] = await attackIn('decompression-bomb');
    const packed = await archives.get('decompression-bomb')?.build();

    expect(bomb?.bytes).toHaveLength(2 ** 20);
    expect(packed?.length).toBeLessThan(2 ** 20 / 500);
  });

  test('too-many-entries holds as many as asked for', async () => {
    expect(await attackIn('too-many-entries')).toHaveLength(1_500);
  });

  test('declares-more-than-it-holds says 8 TiB in a few kilobytes', async () => {
    const bytes = await bytesOf('declares-more-than-it-holds');

    expect(bytes.toString('latin1')).toContain(`size=${2 ** 43}\n`);
    expect(bytes.length).toBeLessThan(8_192);
  });

  test('truncated-archive ends inside a file, not-an-archive is none, empty-file has nothing', async () => {
    expect((await bytesOf('truncated-archive')).length % 512).not.toBe(0);
    expect((await bytesOf('not-an-archive')).toString('latin1')).not.toContain('ustar');
    expect(await bytesOf('empty-file')).toHaveLength(0);
  });
});

test('the harmless archive has files, a folder and a link inside, and nothing else', async () => {
  const entries = await readArchive(await harmlessArchive().build());

  expect(entries).toMatchObject([
    { path: 'first.txt', type: 'File' },
    { path: 'folder/', type: 'Directory' },
    { path: 'folder/second.txt', type: 'File' },
    { path: 'folder/link.txt', type: 'SymbolicLink', linkpath: '../first.txt' },
  ]);
});

test('the archives can be written to a folder, with a sentence about each', async () => {
  const out = await mkdtemp(join(tmpdir(), 'sealift-hostile-'));
  const all: readonly HostileArchive[] = [...archives.values()];

  await writeHostile(out, all);

  expect((await readdir(out)).sort()).toEqual(['attempts.json', ...all.map(fileNameOf)].sort());
  const attempts: unknown = JSON.parse(await readFile(join(out, 'attempts.json'), 'utf8'));
  expect(attempts).toHaveProperty(['fifo.tar'], expect.stringContaining('named pipe'));
});
