import { execFileSync } from 'node:child_process';
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { tarOf } from '../../../firmware-fixtures/archive.ts';
import { harmlessArchive, hostileArchives } from '../../../firmware-fixtures/hostile/hostile.ts';
import { readArtifact } from '../../../operator/author/read-artifact.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { treeDigest, type TreeEntry } from '../../../shared/release/tree-digest.ts';
import { newHome } from '../operator.ts';

const silent = (): void => undefined;

/** The tree below a folder, as a device would measure its slot. */
async function treeOnDisk(root: string, below = ''): Promise<readonly TreeEntry[]> {
  const names = await readdir(join(root, below));
  const trees = await Promise.all(
    names.map(async (name): Promise<readonly TreeEntry[]> => {
      const path = below === '' ? name : `${below}/${name}`;
      const stats = await lstat(join(root, path));
      const { mode } = stats;
      if (stats.isSymbolicLink()) {
        return [{ kind: 'symlink', path, target: await readlink(join(root, path)) }];
      }
      if (stats.isDirectory()) {
        return [{ kind: 'folder', path, mode: mode & 0o777 }, ...(await treeOnDisk(root, path))];
      }
      const sha256 = sha256Hex(await readFile(join(root, path)));
      return [{ kind: 'file', path, mode: mode & 0o777, sha256 }];
    }),
  );
  return trees.flat();
}

/** Files of many sizes, an empty one, folders of other modes, a link and a hard link. */
async function someTree(): Promise<string> {
  const root = join(await newHome(), 'tree');
  await mkdir(join(root, 'bin'), { recursive: true });
  await mkdir(join(root, 'empty folder'), { mode: 0o700 });
  await writeFile(join(root, 'bin', 'run'), '#!/bin/sh\n');
  await chmod(join(root, 'bin', 'run'), 0o755);
  await writeFile(join(root, 'empty'), '');
  await writeFile(join(root, 'big.bin'), Buffer.alloc(3_000_000, 'x'));
  await writeFile(join(root, 'größe-データ'), 'names are bytes');
  await symlink('bin/run', join(root, 'start'));
  await link(join(root, 'bin', 'run'), join(root, 'zz-same'));
  await chmod(root, 0o755);
  return root;
}

async function artifact(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(await newHome(), name);
  await writeFile(path, bytes);
  return path;
}

describe('the installed digest of an archive', () => {
  test.each([
    ['as GNU tar packs a folder', ['-cf']],
    ['in PAX form', ['--format=pax', '-cf']],
    ['in ustar form, gzipped', ['--format=ustar', '-czf']],
  ])('is that of the same tree on disk, %s', async (_, options) => {
    const root = await someTree();
    const path = join(await newHome(), 'artifact.tar');
    execFileSync('tar', [...options, path, '-C', root, '.']);

    const { installedSha256 } = await readArtifact(path, 'archive', silent);
    expect(installedSha256).toBe(treeDigest(await treeOnDisk(root)));
  });

  test('counts a folder that has no entry of its own, with mode 0755', async () => {
    const file = { path: 'a/b/c', mode: 0o644, bytes: Buffer.from('c') };
    const withFolders = tarOf([file]);
    const withoutFolders = withFolders.subarray(2 * 512); // the entries of a and a/b come first
    const digests = await Promise.all(
      [withFolders, withoutFolders].map(async (bytes) =>
        readArtifact(await artifact('a.tar', bytes), 'archive', silent),
      ),
    );
    expect(digests[0]?.sha256).not.toBe(digests[1]?.sha256);
    expect(digests[0]?.installedSha256).toBe(digests[1]?.installedSha256);
  });
});

describe('an archive that a device would refuse', () => {
  const options = { outside: '/tmp/outside', bombBytes: 2 ** 22, entryCount: 1_000, depth: 4_000 };
  // A device limits what it unpacks; how much an author may pack is the author's own business.
  const merelyLarge = new Set(['too-many-entries', 'decompression-bomb']);
  const hostile = hostileArchives(options).filter(({ name }) => !merelyLarge.has(name));

  test.each(hostile.map((each) => [each.name, each] as const))(
    'is refused before it is signed: %s',
    async (_, { build, restore }) => {
      const path = await artifact('hostile.tar', await build());
      await expect(readArtifact(path, 'archive', silent, restore)).rejects.toThrow(
        expect.objectContaining({ code: 'archive_refused' }),
      );
    },
  );

  test('has a harmless one next door, which is accepted', async () => {
    const path = await artifact('harmless.tar', await harmlessArchive().build());
    const { installedSha256 } = await readArtifact(path, 'archive', silent);
    expect(installedSha256).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('what an artifact is, by its content', () => {
  const tar = tarOf([{ path: 'a', mode: 0o644, bytes: Buffer.from('a') }]);

  test.each([
    ['a tar', tar, 'archive', 'application/x-tar'],
    ['a gzipped tar', gzipSync(tar), 'archive', 'application/gzip'],
    ['anything else', Buffer.from('raw image'), 'image', 'application/octet-stream'],
  ] as const)('%s', async (_, bytes, installer, mediaType) => {
    const read = await readArtifact(await artifact('firmware.bin', bytes), installer, silent);
    expect(read).toMatchObject({ installer, mediaType, length: bytes.length });
    expect(read.sha256).toBe(sha256Hex(bytes));
  });

  test('a file that is no tar is not an archive, and nobody makes it an image unasked', async () => {
    const path = await artifact('firmware.bin', Buffer.from('raw image'));
    await expect(readArtifact(path, 'archive', silent)).rejects.toThrow(
      expect.objectContaining({ code: 'archive_refused' }),
    );
    expect(await readArtifact(path, 'image', silent)).toMatchObject({ installer: 'image' });
  });

  test('a raw image stands on the device as it is', async () => {
    const path = await artifact('image.bin', Buffer.from('raw'));
    const read = await readArtifact(path, 'image', silent);
    expect(read).toMatchObject({ installedSha256: read.sha256, installedLength: 3 });
  });

  test('a file that is not there is named', async () => {
    await expect(readArtifact('/nowhere/x.tar', 'archive', silent)).rejects.toThrow(
      expect.objectContaining({ code: 'file_unreadable' }),
    );
  });
});
