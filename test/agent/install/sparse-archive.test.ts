import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { measureTree } from '../../../agent/install/measure-tree.ts';
import { unpackArchive } from '../../../agent/install/unpack-archive.ts';
import { END_OF_ARCHIVE, fileBlocks } from '../../../firmware-fixtures/archive.ts';
import { mapOf, sparseFile } from '../../../firmware-fixtures/hostile/pax-attacks.ts';
import { readArtifact } from '../../../operator/author/read-artifact.ts';
import { ARCHIVE_LIMITS } from '../../../shared/release/archive-entries.ts';

let folder: string;
let slot: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-sparse-'));
  slot = join(folder, 'slot');
  await mkdir(slot);
});

/** Unpacks as a device, and answers its digest and the one that the author would have signed. */
async function bothDigests(archive: string): Promise<readonly (string | undefined)[]> {
  await unpackArchive(archive, slot, ARCHIVE_LIMITS, () => undefined);
  const { installedSha256 } = await readArtifact(archive, 'archive', () => undefined);
  return [await measureTree(slot, 'read'), installedSha256];
}

async function archived(bytes: Buffer): Promise<string> {
  const path = join(folder, 'archive.tar');
  await writeFile(path, bytes);
  return path;
}

/** A file of 20 MB with two pieces of content and a hole at its end. */
async function holey(path: string): Promise<Buffer> {
  const file = await open(path, 'w');
  await file.write(Buffer.alloc(70_000, 'a'), 0, 70_000, 1_000_000);
  await file.write(Buffer.alloc(5_000, 'b'), 0, 5_000, 9_000_000);
  await file.truncate(20_000_000);
  await file.close();
  return readFile(path);
}

describe('a sparse file', () => {
  test('as GNU tar packs it stands in the slot with its holes, as its author measured it', async () => {
    const tree = join(folder, 'tree');
    await mkdir(tree);
    const content = await holey(join(tree, 'disk.img'));
    await writeFile(join(tree, 'after'), 'after');
    const archive = join(folder, 'archive.tar');
    execFileSync('tar', ['--format=pax', '--sparse', '-cf', archive, '-C', tree, '.']);
    expect((await stat(archive)).size).toBeLessThan(1_000_000);

    const [measured, signed] = await bothDigests(archive);

    expect(measured).toBe(signed);
    expect((await readFile(join(slot, 'disk.img'))).equals(content)).toBe(true);
    expect((await stat(join(slot, 'disk.img'))).blocks * 512).toBeLessThan(1_000_000);
    expect(await readFile(join(slot, 'after'), 'utf8')).toBe('after');
  });

  test('has the same digest as the same file without holes', async () => {
    const piece = Buffer.alloc(512, 'p');
    const stored = [mapOf([2, 512, 512, 2_048, 0]), piece];
    const sparse = Buffer.concat([...sparseFile('f', 2_048, stored), END_OF_ARCHIVE]);
    const bytes = Buffer.concat([Buffer.alloc(512), piece, Buffer.alloc(1_024)]);
    const plain = Buffer.concat([fileBlocks({ path: 'f', mode: 0o644, bytes }), END_OF_ARCHIVE]);
    const digestOf = async (tar: Buffer): Promise<string | undefined> =>
      (await readArtifact(await archived(tar), 'archive', () => undefined)).installedSha256;

    expect(await digestOf(sparse)).toBe(await digestOf(plain));
    expect(await bothDigests(await archived(gzipSync(sparse)))).toEqual(
      Array(2).fill(await digestOf(plain)),
    );
  });

  test('may be a hole and nothing else', async () => {
    const bytes = Buffer.concat([...sparseFile('f', 4_096, [mapOf([0])]), END_OF_ARCHIVE]);

    const [measured, signed] = await bothDigests(await archived(bytes));

    expect(measured).toBe(signed);
    expect(await readFile(join(slot, 'f'))).toEqual(Buffer.alloc(4_096));
  });

  test.each(['gnu', 'oldgnu'])('in the older form of %s is refused', async (format) => {
    await holey(join(folder, 'f'));
    const archive = join(folder, 'archive.tar');
    execFileSync('tar', [`--format=${format}`, '--sparse', '-cf', archive, '-C', folder, 'f']);

    await expect(unpackArchive(archive, slot, ARCHIVE_LIMITS, () => undefined)).rejects.toThrow(
      expect.objectContaining({ code: 'archive_entry_refused' }),
    );
    await expect(readArtifact(archive, 'archive', () => undefined)).rejects.toThrow(
      expect.objectContaining({ code: 'archive_refused' }),
    );
  });
});
