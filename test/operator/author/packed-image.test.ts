import { execFileSync, spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readArtifact, type ReadArtifact } from '../../../operator/author/read-artifact.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { newHome } from '../operator.ts';

const image = Buffer.concat([randomFillSync(Buffer.alloc(3_000_000)), Buffer.alloc(2_000_000)]);
const by = (...[tool = '', ...options]: string[]): Buffer =>
  execFileSync(tool, [...options, '-c'], { input: image, maxBuffer: 2 ** 26 });
const has = (tool: string): boolean => spawnSync(tool, ['--version']).status === 0;

async function read(bytes: Buffer): Promise<ReadArtifact> {
  const path = join(await newHome(), 'rootfs.img.packed');
  await writeFile(path, bytes);
  return readArtifact(path, 'image', () => undefined);
}

describe('the installed digest of a packed image is that of its unpacked bytes, with their number', () => {
  const standing = { installedSha256: sha256Hex(image), installedLength: image.length };

  test('gzip', async () => {
    const packed = gzipSync(image);
    const expected = { ...standing, mediaType: 'application/gzip', sha256: sha256Hex(packed) };
    expect(await read(packed)).toMatchObject(expected);
  });

  test.skipIf(!has('xz'))('xz', async () => {
    expect(await read(by('xz'))).toMatchObject({ ...standing, mediaType: 'application/x-xz' });
  });

  test.skipIf(!has('zstd'))('zstd', async () => {
    expect(await read(by('zstd', '-q'))).toMatchObject({
      ...standing,
      mediaType: 'application/zstd',
    });
  });
});

describe('an image that no device could unpack is refused before it is signed', () => {
  const refused = expect.objectContaining({ code: 'image_refused' }) as Error;

  test('cut off gzip', async () => {
    await expect(read(gzipSync(image).subarray(0, -1_000))).rejects.toThrow(refused);
  });

  test('damaged gzip, longer than what is in flight', async () => {
    const packed = gzipSync(image);
    packed.fill('x', 5_000, 9_000);
    await expect(read(packed)).rejects.toThrow(refused);
  });

  test.skipIf(!has('xz'))(
    'cut off xz, and xz that takes more memory than devices give',
    async () => {
      await expect(read(by('xz').subarray(0, -1_000))).rejects.toThrow(refused);
      await expect(read(by('xz', '--lzma2=preset=1,dict=256MiB'))).rejects.toThrow(refused);
    },
  );
});
