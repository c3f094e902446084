import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test, type TestContext } from 'vitest';
import { NoSpace } from '../../../agent/install/free-space.ts';
import { KERNEL_FILES } from '../../../agent/install/image-target.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { imageWorld, type ImageWorld, type ImageWorldChanges } from '../../support/image-world.ts';

const MIB = 1_024 * 1_024;

let world: ImageWorld;

beforeEach(async () => {
  world = await imageWorld();
});

const unfit = (reason: string): unknown => expect.objectContaining({ name: 'TargetUnfit', reason });

describe('a target', () => {
  const image = Buffer.alloc(3 * MIB, 'i');
  const checked = async (changes: ImageWorldChanges = {}): Promise<void> =>
    world.installer(changes).check(await world.task(image, image));

  test('that is a file is taken, and left alone by the check', async () => {
    await checked();
    expect(await readFile(world.targets.b, 'utf8')).toBe('what was there before');
  });

  test('that is not there is never made: a wrong path in /dev would fill the memory', async () => {
    world.targets = { ...world.targets, b: join(world.folder, 'nowhere') };
    await expect(checked()).rejects.toEqual(unfit('target_missing'));
    world.targets = { ...world.targets, b: join(world.targets.a, 'below-a-file') };
    await expect(checked()).rejects.toEqual(unfit('target_missing'));
  });

  test('that is neither file nor block device is refused', async () => {
    const path = join(world.folder, 'a-world.folder');
    await mkdir(path);
    for (const b of [path, '/dev/null']) {
      world.targets = { ...world.targets, b };
      await expect(checked()).rejects.toEqual(unfit('target_unsuitable'));
    }
  });

  test("that is the running slot's own under another name is refused", async () => {
    const alias = join(world.folder, 'alias');
    execFileSync('ln', ['-s', world.targets.a, alias]);
    world.targets = { ...world.targets, b: alias };
    await expect(checked()).rejects.toEqual(unfit('target_in_use'));
  });

  test('that is a file mounted through a loop device is refused', async () => {
    const kernel = {
      mountInfo: join(world.folder, 'mountinfo'),
      devices: join(world.folder, 'devices'),
    };
    await mkdir(join(kernel.devices, '7:3', 'loop'), { recursive: true });
    await writeFile(join(kernel.devices, '7:3', 'loop', 'backing_file'), `${world.targets.b}\n`);
    await writeFile(kernel.mountInfo, '36 35 7:3 / /data rw - ext4 /dev/loop3 rw\n');
    await expect(checked({ kernel })).rejects.toEqual(unfit('target_in_use'));

    await writeFile(kernel.mountInfo, '36 35 7:4 / /data rw - ext4 /dev/loop4 rw\n');
    await checked({ kernel });
  });

  test('that is a file on a full disk is refused when the image is packed', async () => {
    const requireSpace = (): Promise<void> => Promise.reject(new NoSpace('full'));
    const packed = await world.task(gzipSync(image), image, { mediaType: 'application/gzip' });
    await expect(world.installer({ requireSpace }).check(packed)).rejects.toThrow(NoSpace);
  });
});

/** A loop device over a file; undefined where this user may not make one. */
function loopDevice(file: string): string | undefined {
  const made = spawnSync('losetup', ['--find', '--show', file], { encoding: 'utf8' });
  return made.status === 0 ? made.stdout.trim() : undefined;
}

describe('a block device', () => {
  /** Does the work with a loop device of so many bytes as target b; the test is skipped without one. */
  async function withDevice(
    { skip }: TestContext,
    bytes: number,
    work: (device: string) => Promise<void>,
  ): Promise<void> {
    const backing = join(world.folder, 'backing');
    await writeFile(backing, Buffer.alloc(MIB, 'old'));
    await truncate(backing, bytes);
    const device = loopDevice(backing);
    if (device === undefined) return skip('needs root, and loop devices in the kernel');
    world.targets = { ...world.targets, b: device };
    try {
      await work(device);
    } finally {
      execFileSync('losetup', ['--detach', device]);
    }
  }

  test('takes an image that is as long as itself, zeros over old content included', async (context) => {
    const image = Buffer.concat([Buffer.alloc(2 * MIB), Buffer.alloc(2 * MIB, 'n')]);
    await withDevice(context, image.length, async (device) => {
      const task = await world.task(image, image);
      const { check, install } = world.installer();
      await check(task);

      expect(await install(task)).toEqual({ sha256: sha256Hex(image), length: image.length });

      expect((await readFile(device)).equals(image)).toBe(true);
    });
  });

  test('keeps what lies behind a shorter image, and does not measure it', async (context) => {
    const image = Buffer.alloc(MIB / 2 + 100, 'n');
    await withDevice(context, 4 * MIB, async (device) => {
      expect((await world.installer().install(await world.task(image, image))).sha256).toBe(
        sha256Hex(image),
      );
      expect((await readFile(device)).subarray(image.length, image.length + 3)).not.toEqual(
        Buffer.alloc(3),
      );
    });
  });

  test('that is smaller than the image is refused, and nothing is written', async (context) => {
    const image = Buffer.alloc(4 * MIB + 1, 'n');
    await withDevice(context, 4 * MIB, async (device) => {
      const before = sha256Hex(await readFile(device));
      const task = await world.task(image, image);
      await expect(world.installer().check(task)).rejects.toEqual(unfit('target_too_small'));
      expect(sha256Hex(await readFile(device))).toBe(before);
    });
  });

  test('that is mounted is refused, by the check and by the kernel', async (context) => {
    await withDevice(context, 16 * MIB, async (device) => {
      const image = Buffer.alloc(MIB, 'n');
      const task = await world.task(image, image);
      const at = join(world.folder, 'mounted');
      await mkdir(at);
      execFileSync('mkfs.ext4', ['-q', device]);
      if (spawnSync('mount', [device, at]).status !== 0) context.skip('this user may not mount');
      try {
        await expect(world.installer().check(task)).rejects.toEqual(unfit('target_in_use'));
        // A mount that our own table does not show, as in another namespace.
        const kernel = { ...KERNEL_FILES, mountInfo: '/dev/null' };
        await expect(world.installer({ kernel }).install(task)).rejects.toEqual(
          unfit('target_in_use'),
        );
      } finally {
        execFileSync('umount', [at]);
      }
      await world.installer().check(task);
    });
  });
});
