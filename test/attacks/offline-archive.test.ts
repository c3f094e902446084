// A13, A28: an offline bundle in one file is an archive of somebody who may want it to be more than that.
// It is read where it lies, by its headers, and refused whole for anything but plain files.
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { archiveHeader } from '../../shared/protocol/bundle-archive.ts';
import { BUNDLE_NAMES } from '../../shared/protocol/offline-bundle.ts';
import { bundleFile, bundleTar } from '../support/offline-world.ts';
import { offlineWorld, type OfflineWorld } from '../support/offline-device.ts';

vi.setConfig({ testTimeout: 30_000 });

let world: OfflineWorld;

beforeEach(async () => {
  world = await offlineWorld();
});

afterEach(async () => {
  expect(world.server.requests).toEqual([]); // whatever was in a bundle, nobody was asked
  await world.server.stop();
});

const WORD = BUNDLE_NAMES.word('gw-1');

describe('a hostile archive', () => {
  const HEADER_BYTES = 512;

  test('the honest one installs where it lies', async () => {
    const file = await bundleFile(bundleTar(await world.release('1.0.0')));

    expect(await world.install(file)).toBe('committed');
  });

  test('one that is cut anywhere is refused before anything of it is read', async () => {
    const tar = bundleTar(await world.release('1.0.0'));
    for (const length of [0, 100, HEADER_BYTES, Math.floor(tar.length / 2), tar.length - 1_536]) {
      expect(await world.install(await bundleFile(tar.subarray(0, length)))).toBe(
        'bundle_malformed',
      );
    }
  });

  const withType = (type: string): Buffer => {
    const header = Buffer.from(archiveHeader('image/x', 0));
    const before = header[156] ?? 0;
    header[156] = type.charCodeAt(0);
    const sum =
      Number.parseInt(header.toString('latin1', 148, 154), 8) - before + type.charCodeAt(0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return header;
  };

  test.each([
    ['a hard link', '1'],
    ['a symbolic link', '2'],
    ['a device', '3'],
    ['a pipe', '6'],
    ['an extended header', 'x'],
    ['a long name of GNU', 'L'],
    ['a sparse file', 'S'],
  ])('one with %s is refused', async (_what, type) => {
    const tar = bundleTar(await world.release('1.0.0'));

    expect(await world.install(await bundleFile(Buffer.concat([withType(type), tar])))).toBe(
      'bundle_malformed',
    );
  });

  test.each(['../up', '/etc/passwd', 'image/../../up', 'image//x', 'image/.', 'a\\b', 'ä'])(
    'one with an entry called %s is refused',
    async (name) => {
      const content = await world.release('1.0.0');
      const tar = bundleTar(new Map([[name, Buffer.from('x')], ...content]));

      expect(await world.install(await bundleFile(tar))).toBe('bundle_malformed');
    },
  );

  test('one with a name twice is refused: which of them was meant?', async () => {
    const tar = bundleTar(await world.release('1.0.0'));
    const twice = Buffer.concat([
      bundleTar(new Map([[WORD, Buffer.from('x')]])).subarray(0, 1_024),
      tar,
    ]);

    expect(await world.install(await bundleFile(twice))).toBe('bundle_malformed');
  });

  test('one that claims a terabyte is refused by what there is', async () => {
    const header = archiveHeader('blobs/x', 8 ** 11 - 1);

    expect(await world.install(await bundleFile(header))).toBe('bundle_malformed');
  });

  test('one with entries without end is refused', async () => {
    const header = archiveHeader('x', 0);
    const many = Array.from({ length: 9_000 }, (_, at) => archiveHeader(`x${at}`, 0));

    expect(await world.install(await bundleFile(Buffer.concat([header, ...many])))).toBe(
      'bundle_malformed',
    );
  });

  test('one that is compressed is refused: nothing is unpacked that could grow', async () => {
    const file = await bundleFile(Buffer.from([0x1f, 0x8b, ...Buffer.alloc(4_096)]));

    expect(await world.install(file)).toBe('bundle_malformed');
  });

  test('one that lies behind a link of the owner is read', async () => {
    const file = await bundleFile(bundleTar(await world.release('1.0.0')));
    const link = join(world.device.folder, 'stick.tar');
    await symlink(file, link);

    expect(await world.install(link)).toBe('committed');
  });
});
