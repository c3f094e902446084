import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { has, imageWorld, type ImageWorld } from '../../support/image-world.ts';

const MIB = 1_024 * 1_024;

let world: ImageWorld;

beforeEach(async () => {
  world = await imageWorld();
});

/** An image with content, a hole in its midst and at its end, and no round length. */
function someImage(): Buffer {
  const image = Buffer.alloc(5 * MIB + 777);
  randomFillSync(image, 0, MIB + 5);
  randomFillSync(image, 3 * MIB, 300_000);
  return image;
}

const refusal = (code: string): unknown => expect.objectContaining({ name: 'Refusal', code });

describe('an image', () => {
  test.each([
    ['as it is', 'application/octet-stream', (image: Buffer) => image, true],
    ['by gzip', 'application/gzip', (image: Buffer) => gzipSync(image), true],
    [
      'by xz',
      'application/x-xz',
      (input: Buffer) => execFileSync('xz', ['-c'], { input, maxBuffer: 2 ** 26 }),
      has('xz'),
    ],
    [
      'by zstd',
      'application/zstd',
      (input: Buffer) => execFileSync('zstd', ['-cq'], { input, maxBuffer: 2 ** 26 }),
      has('zstd'),
    ],
  ] as const)('packed %s stands on the target, whole', async (_, mediaType, pack, isPossible) => {
    if (!isPossible) return; // this system has no such packer; the others are the same path
    const image = someImage();
    const task = await world.task(pack(image), image, { mediaType });
    const { check, install, measure } = world.installer();

    await check(task);
    const measured = await install(task);

    expect(measured).toEqual({ sha256: sha256Hex(image), length: image.length });
    expect((await readFile(world.targets.b)).equals(image)).toBe(true);
    expect(await readFile(world.targets.a, 'utf8')).toBe('what runs');
    const place = { ...measured, component: 'rootfs', installer: 'image' as const };
    expect(await measure(task, { ...place, installedSha256: measured.sha256 })).toBe(
      measured.sha256,
    );
  });

  test('leaves holes where it holds zeros, in a file that is known to hold them', async () => {
    const image = Buffer.concat([Buffer.alloc(64 * MIB), Buffer.from('end')]);
    await writeFile(world.targets.b, Buffer.alloc(MIB, 'x'));

    await world
      .installer()
      .install(await world.task(gzipSync(image), image, { mediaType: 'application/gzip' }));

    const { size, blocks } = await stat(world.targets.b);
    expect(size).toBe(image.length);
    expect(blocks * 512).toBeLessThan(2 * MIB);
    expect((await readFile(world.targets.b)).equals(image)).toBe(true);
  });

  test('is measured by what stands there, not by what was written', async () => {
    const image = someImage();
    const task = await world.task(image, image);
    const { install, measure } = world.installer();
    const { sha256, length } = await install(task);
    const standing = { component: 'rootfs', installer: 'image' as const, length };

    await writeFile(world.targets.b, Buffer.concat([Buffer.from('X'), image.subarray(1)]));

    const found = await measure(task, { ...standing, installedSha256: sha256 });
    expect(found).toBe(sha256Hex(await readFile(world.targets.b)));
    expect(found).not.toBe(sha256);
  });

  test('of another content than signed is told by its digest', async () => {
    const image = someImage();
    const signed = { sha256: '0'.repeat(64), length: image.length };
    const task = await world.task(image, image, { installed: signed });

    expect((await world.installer().install(task)).sha256).toBe(sha256Hex(image));
  });

  test('stops between two blocks when the agent is told to end', async () => {
    const image = someImage();
    const task = await world.task(image, image);
    const requireRunning = (): never => {
      throw new Error('told to end');
    };

    await expect(world.installer({ requireRunning }).install(task)).rejects.toThrow('told to end');
  });
});

describe('an image that is not as it was signed', () => {
  const image = someImage();
  const gzip = { mediaType: 'application/gzip' };

  test.each([
    ['longer', -1],
    ['shorter', 1],
  ])('%s by one byte is refused', async (_, difference) => {
    const installed = { sha256: sha256Hex(image), length: image.length + difference };
    for (const [packed, changes] of [
      [image, {}],
      [gzipSync(image), gzip],
    ] as const) {
      const task = await world.task(packed, image, { ...changes, installed });
      await expect(world.installer().install(task)).rejects.toEqual(
        refusal('image_length_mismatch'),
      );
    }
  });

  test('a bomb writes no more than was signed', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MIB, 'b'));
    const installed = { sha256: '0'.repeat(64), length: 2 * MIB };
    const task = await world.task(bomb, image, { ...gzip, installed });

    await expect(world.installer().install(task)).rejects.toEqual(refusal('image_length_mismatch'));

    expect((await stat(world.targets.b)).size).toBe(2 * MIB);
  });

  test.each([
    ['ends early', gzipSync(image).subarray(0, -100)],
    ['is damaged', Buffer.concat([gzipSync(image).subarray(0, 1_000), Buffer.alloc(5_000, 'x')])],
    ['is no gzip', Buffer.from('garbage '.repeat(1_000))],
  ])('gzip that %s is refused', async (_, packed) => {
    const task = await world.task(packed, image, gzip);
    await expect(world.installer().install(task)).rejects.toEqual(refusal('image_malformed'));
  });

  test.skipIf(!has('xz')).each([
    ['ends early', (packed: Buffer) => packed.subarray(0, -100)],
    ['is no xz', () => Buffer.from('garbage '.repeat(1_000))],
  ])('xz that %s is refused, in its own words', async (_, spoil) => {
    const packed = spoil(execFileSync('xz', ['-c'], { input: image, maxBuffer: 2 ** 26 }));
    const task = await world.task(packed, image, { mediaType: 'application/x-xz' });
    const installing = world.installer().install(task);
    await expect(installing).rejects.toEqual(refusal('image_malformed'));
    await expect(installing).rejects.toThrow(/xz: /);
  });

  test.skipIf(!has('xz'))('xz that needs more memory than devices give is refused', async () => {
    const options = ['-c', '--lzma2=preset=9,dict=256MiB'];
    const packed = execFileSync('xz', options, { input: image, maxBuffer: 2 ** 26 });
    const task = await world.task(packed, image, { mediaType: 'application/x-xz' });
    await expect(world.installer().install(task)).rejects.toEqual(
      refusal('compression_unsupported'),
    );
  });
});

describe('what an image needs before anything is downloaded', () => {
  const image = Buffer.from('image');
  const artifact = async (changes: object) => ({
    ...(await world.task(image, image)).artifact,
    installed: { sha256: sha256Hex(image), length: image.length },
    ...changes,
  });

  test('is a place, a signed digest, a signed length', async () => {
    const { accept } = world.installer();
    await accept(await artifact({}));

    const unknown = accept(await artifact({ component: 'modem' }));
    await expect(unknown).rejects.toEqual(refusal('component_unknown'));
    for (const installed of [undefined, { sha256: sha256Hex(image) }]) {
      const unsigned = accept(await artifact({ installed }));
      await expect(unsigned).rejects.toEqual(refusal('installed_digest_missing'));
    }
  });

  test('is a program that unpacks it, where Node cannot', async () => {
    const xz = await artifact({ mediaType: 'application/x-xz' });
    if (has('xz')) await world.installer().accept(xz);

    const without = world.installer({ toolPath: world.folder }).accept(xz);
    await expect(without).rejects.toEqual(refusal('compression_unsupported'));

    await world
      .installer({ toolPath: world.folder })
      .accept(await artifact({ mediaType: 'application/gzip' }));
  });
});
