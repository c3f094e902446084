// A5, A8, A9, A11, A13, A21, A28 on a stick: whoever carries a bundle to a device that has no network
// may change, mix, cut, keep and swap its files as he likes. What the director's offline root allows,
// and until when, is the whole of what he gains; the same bundle untouched installs next door.
import { mkdir, rename, rm, symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BUNDLE_NAMES } from '../../shared/protocol/offline-bundle.ts';
import {
  bundleFolder,
  bundleOf,
  DAY,
  signToCarry,
  type BundleContent,
} from '../support/offline-world.ts';
import { daysOn, offlineWorld, type OfflineWorld } from '../support/offline-device.ts';
import { NOON } from '../support/repository-simulator.ts';
import { offerRelease } from '../support/test-archive.ts';
import { testKey } from '../support/test-key.ts';

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
const TIMESTAMP = BUNDLE_NAMES.image('timestamp.json');

/** Some files of one bundle in the place of another's. */
function mixed(
  into: BundleContent,
  from: BundleContent,
  isTaken: (name: string) => boolean,
): BundleContent {
  return new Map([...into, ...[...from].filter(([name]) => isTaken(name))]);
}

const blobName = (): string =>
  [...world.server.blobs.keys()].map((sha256) => BUNDLE_NAMES.blob(sha256)).at(-1) ?? '';

describe('the bundle of another device', () => {
  test('has no word for this one, and is refused', async () => {
    offerRelease(world.server, '1.0.0');
    signToCarry(world.server.fleet, { at: NOON, days: 30, deviceId: 'gw-2' });
    const theirs = await bundleOf(world.server.fleet, world.server.blobs, 'gw-2');

    expect(await world.installFolder(theirs)).toBe('bundle_malformed');
    expect(await world.device.running()).toBeUndefined();
  });

  test('is refused under the name of this one too', async () => {
    const content = await world.release('1.0.0', { deviceId: 'gw-2' });

    expect(await world.installFolder(content)).toBe('wrong_device');
  });

  test('and its own installs', async () => {
    expect(await world.installFolder(await world.release('1.0.0'))).toBe('committed');
    expect(await world.device.running()).toEqual({ slot: 'a', version: '1.0.0' });
  });
});

describe('a bundle that was kept', () => {
  test('is refused once a newer one has been seen', async () => {
    const older = await world.release('1.0.0');
    expect(await world.installFolder(await world.release('1.1.0'))).toBe('committed');

    expect(await world.installFolder(older)).toBe('version_rolled_back');
    expect(await world.device.running()).toMatchObject({ version: '1.1.0' });
  });

  test('is refused from before a recall that this device has seen', async () => {
    const before = await world.release('1.1.0');
    const { fleet } = world.server;
    fleet.recall('gateway/1.1.0/manifest.json');
    fleet.assign('gateway/1.1.0/manifest.json');
    expect(await world.installFolder(await world.carry())).toBe('release_recalled');

    expect(await world.installFolder(before)).toBe('version_rolled_back');
    expect(await world.device.running()).toBeUndefined();
  });

  test('is refused even where the floors were lost with the metadata, by what the device remembers', async () => {
    const before = await world.release('1.1.0');
    const { fleet } = world.server;
    fleet.recall('gateway/1.1.0/manifest.json');
    fleet.assign('gateway/1.1.0/manifest.json');
    expect(await world.installFolder(await world.carry())).toBe('release_recalled');
    const state = join(world.device.folder, 'state');
    for (const name of ['floors.json', 'floors.backup.json', 'metadata']) {
      await rm(join(state, name), { recursive: true });
    }

    expect(await world.installFolder(before)).toBe('release_recalled');
  });

  test('installs from before a recall that this device has not seen: the limit, as long as it holds', async () => {
    const before = await world.release('1.1.0');
    world.server.fleet.recall('gateway/1.1.0/manifest.json');

    expect(await world.installFolder(before, daysOn(30))).toBe('metadata_expired');
    expect(await world.installFolder(before, daysOn(29))).toBe('committed');
  });

  test('is refused below a committed release counter, though its word is the newest', async () => {
    const older = await world.release('1.0.0');
    const { fleet } = world.server;
    expect(await world.installFolder(await world.release('1.1.0'))).toBe('committed');
    fleet.assign('gateway/1.0.0/manifest.json');

    expect(await world.installFolder(await world.carry())).toBe('release_counter_rolled_back');
    fleet.reissue('gateway/1.0.0/manifest.json');
    fleet.assign('gateway/1.0.0/manifest.json');
    expect(await world.installFolder(await world.carry())).toBe('committed');
    expect(older.size).toBeGreaterThan(0);
  });
});

describe('how long a bundle holds', () => {
  test('its image timestamp and snapshot may expire on the way', async () => {
    expect(await world.installFolder(await world.release('1.0.0'), daysOn(20))).toBe('committed');
  });

  test('its word may not: refused in the second it expires, taken in the one before', async () => {
    const content = await world.release('1.0.0');
    const expires = NOON.getTime() + 30 * DAY;

    expect(await world.installFolder(content, { now: () => new Date(expires) })).toBe(
      'metadata_expired',
    );
    expect(await world.installFolder(content, { now: () => new Date(expires - 1) })).toBe(
      'committed',
    );
  });

  test.each(['root', 'targets', 'gateway'] as const)(
    'what people sign may not: an expired image %s is refused',
    async (role) => {
      const { image } = world.server.fleet;
      const expires = '2026-06-05T12:00:00Z';
      if (role === 'root') {
        image.root.expires = expires;
        await image.publishRoot();
      } else if (role === 'targets') image.targets.expires = expires;
      else (image.delegated.get('gateway') ?? image.targets).expires = expires;
      const content = await world.release('1.0.0');

      expect(await world.installFolder(content, daysOn(4))).toBe('metadata_expired');
      expect(await world.installFolder(content, daysOn(3.9))).toBe('committed');
    },
  );

  test('image metadata that had expired when the word was signed is refused: no old state is revived', async () => {
    const old = await world.release('1.0.0');
    const word = await world.carry({ at: new Date(NOON.getTime() + 2 * DAY), days: 20 });

    expect(await world.installFolder(mixed(old, word, (name) => name === WORD))).toBe(
      'metadata_expired',
    );
    expect(await world.installFolder(old)).toBe('version_rolled_back'); // the newer word was seen
  });

  test.each([
    ['as long as the root allows', 30, 'committed'],
    ['a second longer', 30 + 1 / 86_400, 'offline_not_granted'],
    ['for ever', 20_000, 'offline_not_granted'],
  ])('the thief of the online keys signs it for %s', async (_what, days, answer) => {
    expect(await world.installFolder(await world.release('1.0.0', { days }))).toBe(answer);
  });

  test('where the root allows none, there is none', async () => {
    await world.server.stop();
    world = await offlineWorld(0);

    const content = await world.release('1.0.0', { days: 1 });

    expect(await world.installFolder(content, daysOn(0))).toBe('offline_not_granted');
  });
});

describe('a word on the wrong way', () => {
  test('one for the network is refused on a stick', async () => {
    expect(await world.installFolder(await world.release('1.0.0', { offline: false }))).toBe(
      'offline_not_granted',
    );
  });

  test('one for a stick is refused from the network, or it would freeze the device for weeks', async () => {
    await world.release('1.0.0');
    const { fleet } = world.server;

    await expect(fleet.device().verify()).rejects.toMatchObject({ code: 'offline_word_online' });
    signToCarry(fleet, { at: NOON, days: 1, offline: false });
    await expect(fleet.device().verify()).resolves.toMatchObject({ kind: 'release' });
  });
});

describe('a dead clock', () => {
  const dead = { now: () => new Date('1970-01-01T00:00:00Z') };

  test('is no way to keep a bundle for ever: without a clock none is installed', async () => {
    const content = await world.release('1.0.0');

    expect(await world.installFolder(content, dead)).toBe('clock_untrusted');
    expect(await world.installFolder(content)).toBe('committed');
  });

  test('is accepted where the owner of the device has said so, and everything else holds', async () => {
    await world.device.configure({ offline: { withoutClock: true } });
    const older = await world.release('1.0.0');

    expect(await world.installFolder(await world.release('1.1.0'), dead)).toBe('committed');
    expect(await world.installFolder(older, dead)).toBe('version_rolled_back');
  });

  test('a clock set back before the last verified time is a dead one', async () => {
    expect(await world.installFolder(await world.release('1.0.0'))).toBe('committed');

    expect(await world.installFolder(await world.release('1.1.0'), daysOn(-1))).toBe(
      'clock_untrusted',
    );
  });
});

describe('mixed files of two bundles', () => {
  test('the word of one and the repository of an older one do not name the same', async () => {
    const first = await world.release('1.0.0');
    const second = await world.release('1.1.0');

    expect(await world.installFolder(mixed(first, second, (name) => name === WORD))).toBe(
      'release_not_signed',
    );
    expect(await world.installFolder(second)).toBe('committed');
  });

  test('the timestamp of one and the rest of another do not fit', async () => {
    const first = await world.release('1.0.0');
    const second = await world.release('1.1.0');

    expect(await world.installFolder(mixed(first, second, (name) => name === TIMESTAMP))).toBe(
      'metadata_missing',
    );
  });
});

describe('a bundle of strangers', () => {
  test.each(['image', 'director'] as const)(
    'with a next %s root of their own is refused',
    async (repository) => {
      const sim = world.server.fleet[repository];
      await sim.publishRoot([testKey('stranger')]);

      expect(await world.installFolder(await world.release('1.0.0'))).toBe('threshold_not_met');
    },
  );

  test('with a next root of ours is followed', async () => {
    await world.server.fleet.image.publishRoot();
    await world.server.fleet.director.publishRoot();

    expect(await world.installFolder(await world.release('1.0.0'))).toBe('committed');
  });

  test.each(['timestamp', 'snapshot', 'targets', 'gateway'])(
    'with an image %s that they signed is refused',
    async (role) => {
      world.server.fleet.image.signers.set(role, [testKey('stranger')]);

      expect(await world.installFolder(await world.release('1.0.0'))).toBe('threshold_not_met');
    },
  );
});

describe('a bundle whose files were changed', () => {
  test('an artifact of the same length is refused by its hash, and never unpacked', async () => {
    const content = new Map(await world.release('1.0.0'));
    const name = blobName();
    content.set(name, Buffer.alloc(content.get(name)?.length ?? 0, 'x'));

    expect(await world.installFolder(content)).toBe('artifact_hash_mismatch');
    expect(await world.device.running()).toBeUndefined();
  });

  test('an artifact that is cut is refused by its length', async () => {
    const content = await world.release('1.0.0');
    const folder = await bundleFolder(content);
    await truncate(join(folder, blobName()), 1_000);

    expect(await world.install(folder)).toBe('artifact_length_mismatch');
  });

  test('an artifact that is not there fails, and with it there is installed', async () => {
    const content = new Map(await world.release('1.0.0'));
    content.delete(blobName());

    expect(await world.installFolder(content)).toBe('later');
    expect(await world.installFolder(await world.carry())).toBe('committed');
  });

  test('metadata that is cut is refused', async () => {
    const content = new Map(await world.release('1.0.0'));
    content.set(TIMESTAMP, Buffer.from(content.get(TIMESTAMP) ?? []).subarray(0, 100));

    expect(await world.installFolder(content)).toBe('metadata_malformed');
  });

  test('metadata without an end is not read beyond its limit', async () => {
    const folder = await bundleFolder(await world.release('1.0.0'));
    await truncate(join(folder, TIMESTAMP), 2 ** 40); // a terabyte of nothing

    expect(await world.install(folder)).toBe('metadata_too_large');
  });

  test('files that nobody asks for change nothing', async () => {
    const content = new Map(await world.release('1.0.0'));
    content.set('System-Volume-Information/x', Buffer.from('x'));
    content.set('image/99.root.json', Buffer.from('{}'));

    expect(await world.installFolder(content)).toBe('committed');
  });
});

describe('links in a folder', () => {
  test('a file behind a link is refused, whatever it leads to', async () => {
    const folder = await bundleFolder(await world.release('1.0.0'));
    const elsewhere = join(world.device.folder, 'elsewhere');
    await rename(join(folder, TIMESTAMP), elsewhere);
    await symlink(elsewhere, join(folder, TIMESTAMP));

    expect(await world.install(folder)).toBe('bundle_malformed');
    await rm(join(folder, TIMESTAMP));
    await rename(elsewhere, join(folder, TIMESTAMP));
    expect(await world.install(folder)).toBe('committed');
  });

  test('a folder behind a link is refused', async () => {
    const folder = await bundleFolder(await world.release('1.0.0'));
    await rename(join(folder, 'blobs'), join(folder, 'other'));
    await symlink(join(folder, 'other'), join(folder, 'blobs'));

    expect(await world.install(folder)).toBe('bundle_malformed');
  });

  test('a folder where a file should be is refused', async () => {
    const folder = await bundleFolder(await world.release('1.0.0'));
    await rm(join(folder, TIMESTAMP));
    await mkdir(join(folder, TIMESTAMP));

    expect(await world.install(folder)).toBe('bundle_malformed');
  });
});
