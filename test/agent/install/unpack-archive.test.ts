import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  directoryBlocks,
  END_OF_ARCHIVE,
  fileBlocks,
  headerBlocks,
  type TarEntry,
} from '../../../firmware-fixtures/archive.ts';
import { harmlessArchive, hostileArchives } from '../../../firmware-fixtures/hostile/hostile.ts';
import { whiteout, whiteoutLoop } from '../../../firmware-fixtures/hostile/whiteout-attacks.ts';
import { measureTree } from '../../../agent/install/measure-tree.ts';
import { unpackArchive } from '../../../agent/install/unpack-archive.ts';
import { wipeTree } from '../../../agent/install/wipe-tree.ts';
import type { ArchiveLimits } from '../../../shared/release/archive-entries.ts';
import { treeDigest } from '../../../shared/release/tree-digest.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';

const LIMITS: ArchiveLimits = { unpackedBytes: 2 ** 20, entries: 100, depth: 8 };

let folder: string;
let slot: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-unpack-'));
  slot = join(folder, 'slot');
  await mkdir(slot);
});

async function unpack(bytes: Buffer, limits: Partial<ArchiveLimits> = {}): Promise<void> {
  const archive = join(folder, 'archive');
  await writeFile(archive, bytes);
  await unpackArchive(archive, slot, { ...LIMITS, ...limits }, () => undefined);
}

const archiveOf = (...blocks: readonly Buffer[]): Buffer =>
  Buffer.concat([...blocks, END_OF_ARCHIVE]);
const file = (path: string, mode = 0o644, bytes = Buffer.from(path)): Buffer =>
  fileBlocks({ path, mode, bytes });
const link = (type: TarEntry['type'], path: string, linkpath: string): Buffer =>
  headerBlocks({ path, type, linkpath, mode: 0o777, size: 0 });
const refusal = (code: string): unknown => expect.objectContaining({ name: 'Refusal', code });

describe('every hostile archive', () => {
  const CODES: Readonly<Record<string, string>> = {
    'over-deep-path': 'archive_too_large',
    'decompression-bomb': 'archive_too_large',
    'too-many-entries': 'archive_too_large',
    'declares-more-than-it-holds': 'archive_too_large',
    'truncated-archive': 'archive_malformed',
    'not-an-archive': 'archive_malformed',
    'empty-file': 'archive_malformed',
    'sparse-overlapping': 'archive_malformed',
    'sparse-beyond-end': 'archive_malformed',
    'sparse-more-than-mapped': 'archive_malformed',
    'sparse-less-than-mapped': 'archive_malformed',
    'sparse-huge': 'archive_too_large',
    'sparse-countless': 'archive_malformed',
    'sparse-without-map': 'archive_malformed',
    'sparse-never-came': 'archive_malformed',
    'lost-capability': 'restore_unsupported',
    'lost-access-list': 'restore_unsupported',
  };
  const outside = '/sealift-test-outside';
  const sizes = { bombBytes: 2 ** 24, entryCount: 1_000, depth: 50, nameLength: 300 };
  const archives = hostileArchives({ outside, ...sizes }).filter(
    ({ restore }) => restore === undefined, // those are in hostile-rights.test.ts
  );

  test.each(archives.map(({ name, attempts }) => ({ name, attempts })))(
    '$name is refused by its code and touches nothing outside the slot',
    async ({ name }) => {
      const outside = join(folder, 'outside');
      await mkdir(outside);
      await writeFile(join(outside, 'victim'), 'untouched');
      const archive = hostileArchives({ outside, ...sizes }).find((one) => one.name === name);
      const bytes = await archive?.build();

      await expect(unpack(bytes ?? Buffer.alloc(0))).rejects.toEqual(
        refusal(CODES[name] ?? 'archive_entry_refused'),
      );

      expect((await readdir(folder)).sort()).toEqual(['archive', 'outside', 'slot']);
      expect(await readdir(outside)).toEqual(['victim']);
      expect(await readFile(join(outside, 'victim'), 'utf8')).toBe('untouched');
    },
  );

  test('has an honest neighbour that is unpacked', async () => {
    await unpack(await harmlessArchive().build());

    expect((await readdir(slot)).sort()).toEqual(['first.txt', 'folder']);
  });
});

describe('links', () => {
  const folders = Buffer.concat([directoryBlocks('x'), directoryBlocks('x/y'), file('first')]);

  test.each(['../../first', '../y', 'elsewhere/missing', './here', '..'])(
    'that stay inside are unpacked: x/y/link -> %s',
    async (target) => {
      await unpack(archiveOf(folders, link('SymbolicLink', 'x/y/link', target)));
      expect((await lstat(join(slot, 'x/y/link'))).isSymbolicLink()).toBe(true);
    },
  );

  test.each(['../../../first', '/etc/passwd', '../../..', 'y/../../../..', 'a/..'])(
    'that could leave are refused: x/y/link -> %s',
    async (target) => {
      const bytes = archiveOf(folders, link('SymbolicLink', 'x/y/link', target));
      await expect(unpack(bytes)).rejects.toEqual(refusal('archive_entry_refused'));
    },
  );

  test('that climb out through another link are refused', async () => {
    const bytes = archiveOf(
      folders,
      link('SymbolicLink', 'x/y/up', '../..'), // inside: it is the slot itself
      link('SymbolicLink', 'out', 'x/y/up/..'), // and this would be the folder above
    );
    await expect(unpack(bytes)).rejects.toEqual(refusal('archive_entry_refused'));
  });

  test('are not written through, even when they stay inside', async () => {
    const bytes = archiveOf(folders, link('SymbolicLink', 'z', 'x'), file('z/evil'));
    await expect(unpack(bytes)).rejects.toEqual(refusal('archive_entry_refused'));
  });

  test('of the hard kind may name a file of the archive, and only that', async () => {
    await unpack(archiveOf(file('first'), link('Link', 'second', 'first')));
    expect(await readFile(join(slot, 'second'), 'utf8')).toBe('first');

    const bytes = archiveOf(link('SymbolicLink', 'l', 'first'), link('Link', 'third', 'l'));
    await wipeTree(slot);
    await mkdir(slot);
    await expect(unpack(bytes)).rejects.toEqual(refusal('archive_entry_refused'));
  });
});

describe('limits', () => {
  const many = (count: number): Buffer =>
    archiveOf(...Array.from({ length: count }, (_, index) => file(`f${index}`)));

  test('hold as many entries as they say, and not one more', async () => {
    await unpack(many(10), { entries: 10 });
    await wipeTree(slot);
    await mkdir(slot);
    await expect(unpack(many(11), { entries: 10 })).rejects.toEqual(refusal('archive_too_large'));
  });

  test('hold as many bytes as they say, and not one more', async () => {
    const bytes = archiveOf(file('f', 0o644, Buffer.alloc(1_000)));
    await unpack(bytes, { unpackedBytes: 1_000 });
    await wipeTree(slot);
    await mkdir(slot);
    await expect(unpack(bytes, { unpackedBytes: 999 })).rejects.toEqual(
      refusal('archive_too_large'),
    );
  });

  test('count what gzip expands to, also where no entry is', async () => {
    const bytes = gzipSync(Buffer.concat([archiveOf(file('f')), Buffer.alloc(2 ** 22)]));
    await expect(unpack(bytes, { entries: 2 })).rejects.toEqual(refusal('archive_too_large'));
  });

  test('count what unlisted folders cost', async () => {
    const bytes = archiveOf(...Array.from({ length: 6 }, (_, index) => file(`d${index}/f`)));
    await expect(unpack(bytes, { entries: 10 })).rejects.toEqual(refusal('archive_too_large'));
  });
});

describe('whiteouts', () => {
  const stack = archiveOf(
    directoryBlocks('etc'),
    file('etc/passwd'),
    directoryBlocks('etc/ssl'),
    file('etc/ssl/key'),
    whiteout('etc/.wh.passwd'),
    whiteout('etc/ssl/.wh..wh..opq'),
    file('etc/ssl/new'),
    file('etc/passwd', 0o600, Buffer.from('second')),
  );

  test('remove what the same archive brought before, which may then come again', async () => {
    await unpack(stack);

    expect((await readdir(join(slot, 'etc'))).sort()).toEqual(['passwd', 'ssl']);
    expect(await readFile(join(slot, 'etc/passwd'), 'utf8')).toBe('second');
    expect(await readdir(join(slot, 'etc/ssl'))).toEqual(['new']);
  });

  test('leave the digest of what remains', async () => {
    await unpack(stack);
    const before = await measureTree(slot, 'read');
    await wipeTree(slot);
    await mkdir(slot);

    await unpack(
      archiveOf(
        directoryBlocks('etc'),
        file('etc/passwd', 0o600, Buffer.from('second')),
        directoryBlocks('etc/ssl'),
        file('etc/ssl/new'),
      ),
    );

    expect(await measureTree(slot, 'read')).toBe(before);
  });

  test('remove a link and not what it points to, and a folder that forbids writing', async () => {
    await unpack(
      archiveOf(
        file('kept'),
        link('SymbolicLink', 'link', 'kept'),
        headerBlocks({ path: 'closed/', type: 'Directory', mode: 0o555, size: 0 }),
        file('closed/inside'),
        whiteout('.wh.link'),
        whiteout('.wh.closed'),
      ),
    );

    expect(await readdir(slot)).toEqual(['kept']);
  });

  test('empty the slot itself, where the uppermost folder is opaque', async () => {
    await unpack(archiveOf(file('a/b/c'), file('d'), whiteout('.wh..wh..opq'), file('new')));
    expect(await readdir(slot)).toEqual(['new']);
  });

  test('leave the second name of a file', async () => {
    await unpack(archiveOf(file('first'), link('Link', 'second', 'first'), whiteout('.wh.first')));
    expect(await readFile(join(slot, 'second'), 'utf8')).toBe('first');
  });

  test('let a link take the place of a folder, and nothing pass through it', async () => {
    const swapped = [
      directoryBlocks('x'),
      file('y/f'),
      whiteout('.wh.x'),
      link('SymbolicLink', 'x', 'y'),
    ];
    await unpack(archiveOf(...swapped));
    expect((await lstat(join(slot, 'x'))).isSymbolicLink()).toBe(true);
    await wipeTree(slot);
    await mkdir(slot);

    await expect(unpack(archiveOf(...swapped, file('x/evil')))).rejects.toEqual(
      refusal('archive_entry_refused'),
    );
  });

  test('give back nothing that counts: limits are of all that was ever brought', async () => {
    await unpack(archiveOf(whiteoutLoop(5)), { entries: 10 });
    await expect(unpack(archiveOf(whiteoutLoop(6)), { entries: 10 })).rejects.toEqual(
      refusal('archive_too_large'),
    );
    const big = file('f', 0o644, Buffer.alloc(1_000));
    const twice = archiveOf(big, whiteout('.wh.f'), big);
    await expect(unpack(twice, { unpackedBytes: 1_999 })).rejects.toEqual(
      refusal('archive_too_large'),
    );
  });
});

describe('what stands in the slot', () => {
  test('is the tree that the author measured, from tar and from gzip', async () => {
    const bytes = archiveOf(
      directoryBlocks('bin'),
      file('bin/run', 0o755),
      file('etc/unlisted/config', 0o600),
      link('SymbolicLink', 'current', 'bin/run'),
    );
    const signed = treeDigest([
      { kind: 'folder', path: 'bin', mode: 0o755 },
      { kind: 'file', path: 'bin/run', mode: 0o755, sha256: sha256Hex(Buffer.from('bin/run')) },
      { kind: 'folder', path: 'etc', mode: 0o755 },
      { kind: 'folder', path: 'etc/unlisted', mode: 0o755 },
      {
        kind: 'file',
        path: 'etc/unlisted/config',
        mode: 0o600,
        sha256: sha256Hex(Buffer.from('etc/unlisted/config')),
      },
      { kind: 'symlink', path: 'current', target: 'bin/run' },
    ]);
    for (const packed of [bytes, gzipSync(bytes)]) {
      await wipeTree(slot);
      await mkdir(slot);

      await unpack(packed);

      expect(await measureTree(slot, 'flush')).toBe(signed);
    }
  });

  test('changes its digest with any content, mode or name', async () => {
    await unpack(archiveOf(file('a'), file('b')));
    const before = await measureTree(slot, 'read');

    await chmod(join(slot, 'a'), 0o600);
    const otherMode = await measureTree(slot, 'read');
    await writeFile(join(slot, 'b'), 'x');
    const otherContent = await measureTree(slot, 'read');

    expect(new Set([before, otherMode, otherContent]).size).toBe(3);
  });

  test('may hold folders that forbid writing, and is wiped all the same', async () => {
    const closed = headerBlocks({ path: 'closed/', type: 'Directory', mode: 0o555, size: 0 });
    await unpack(archiveOf(closed, file('closed/inside')));
    expect((await lstat(join(slot, 'closed'))).mode & 0o777).toBe(0o555);

    await wipeTree(slot);

    expect(await readdir(folder)).toEqual(['archive']);
  });

  test('is whole when the archive is longer than the buffer it is read with', async () => {
    const big = Buffer.alloc(3 * 2 ** 20 + 77, 'sealift');
    const bytes = archiveOf(file('small'), file('big', 0o644, big), file('after'));
    for (const packed of [bytes, gzipSync(bytes)]) {
      await wipeTree(slot);
      await mkdir(slot);

      await unpack(packed, { unpackedBytes: 2 ** 23 });

      expect(sha256Hex(await readFile(join(slot, 'big')))).toBe(sha256Hex(big));
      expect(await readFile(join(slot, 'after'), 'utf8')).toBe('after');
    }
  });
});

test('stops between two blocks when the agent is told to end', async () => {
  const archive = join(folder, 'archive');
  await writeFile(archive, archiveOf(file('a')));
  const stop = (): never => {
    throw new Error('told to end');
  };

  await expect(unpackArchive(archive, slot, LIMITS, stop)).rejects.toThrow('told to end');
});
