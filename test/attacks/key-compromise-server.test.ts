// A6, A8, A10, A20, A27: the server was broken into. What each set of its keys can do, what none of
// them can, and how the owners of the offline keys end it.
import { describe, expect, test } from 'vitest';
import { manifestBytes } from '../../shared/release/manifest.ts';
import { targetFileName } from '../../shared/trust/verify-assignment.ts';
import { NOON, targetFor } from '../support/repository-simulator.ts';
import {
  delegateGateway,
  diskOf,
  fleetToRob,
  GATEWAY_KEYS,
  SERVER_KEYS,
  type Robbery,
} from '../support/robbery.ts';
import { testKey } from '../support/test-key.ts';
import { refusal } from '../support/tuf-device.ts';
import { testManifest, type UptaneDevice } from '../support/uptane-simulator.ts';

const IMAGE_ONLINE = ['timestamp', 'snapshot'] as const;
const TOMORROW = new Date(NOON.getTime() + 86_400_000);
const NEXT_WEEK = new Date('2026-06-08T00:00:00Z');

interface Scene extends Robbery {
  readonly device: UptaneDevice;
  /** 1.0.0 and 1.1.0 are published, and 1.1.0 runs on the device. */
  readonly old: string;
  readonly current: string;
}

async function running(): Promise<Scene> {
  const robbery = await fleetToRob();
  const old = robbery.fleet.release('1.0.0');
  const current = robbery.fleet.release('1.1.0');
  robbery.fleet.assign(current);
  const device = robbery.fleet.device({ securityEpoch: 1, releaseCounter: 2 });
  await device.verify();
  return { ...robbery, device, old, current };
}

describe('with all five keys of the server a thief', () => {
  test('can hold every device back, as long as he answers', async () => {
    const { fleet, steal, device } = await running();
    const before = device.image.floors().roles.get('gateway')?.version;
    steal(...SERVER_KEYS);

    for (const sim of [fleet.image, fleet.director]) {
      for (const file of [sim.timestamp, sim.snapshot]) {
        Object.assign(file, { version: file.version + 1, expires: '2027-01-01T00:00:00Z' });
      }
    }

    await expect(device.verify(TOMORROW)).resolves.toMatchObject({
      manifest: { version: '1.1.0' },
    });
    expect(device.image.floors().roles.get('gateway')?.version).toBe(before);
  });

  test('cannot hold them back beyond what the authors signed last', async () => {
    const { fleet, steal, device } = await running();
    steal(...SERVER_KEYS);

    for (const sim of [fleet.image, fleet.director]) {
      for (const file of [sim.timestamp, sim.snapshot]) {
        Object.assign(file, { version: file.version + 1, expires: '2036-01-01T00:00:00Z' });
      }
    }
    fleet.director.targets.expires = '2036-01-01T00:00:00Z';
    fleet.director.publish();

    await expect(device.verify(NEXT_WEEK)).rejects.toEqual(refusal('metadata_expired'));
  });

  test('can assign any published release that fits', async () => {
    const { fleet, steal, current } = await running();
    const fresh = fleet.device();
    steal(...SERVER_KEYS);

    fleet.assign(current);

    await expect(fresh.verify()).resolves.toMatchObject({ manifest: { version: '1.1.0' } });
  });

  test('cannot assign an older one to a device that runs a newer', async () => {
    const { fleet, steal, device, old } = await running();
    steal(...SERVER_KEYS);

    fleet.assign(old);

    await expect(device.verify()).rejects.toEqual(refusal('release_counter_rolled_back'));
  });

  test('cannot make a release of his own', async () => {
    const { fleet, steal, device } = await running();
    const before = device.image.files.get('gateway');
    steal(...SERVER_KEYS);

    fleet.assign(fleet.release('6.6.6'));

    await expect(device.verify()).rejects.toEqual(refusal('threshold_not_met'));
    expect(device.image.files.get('gateway')).toBe(before);
    expect([...device.image.files.keys()]).not.toContain('gateway/6.6.6/manifest.json');
  });

  test('cannot have a release of his own believed on the word of the director', async () => {
    const { fleet, steal, device } = await running();
    steal(...SERVER_KEYS);
    const bytes = manifestBytes(testManifest('6.6.6'));
    const path = 'gateway/6.6.6/manifest.json';
    const mustMatch = { securityEpoch: 1, hardwareIds: ['rpi4'], releaseCounter: 9 };
    const file = targetFor(bytes, { mustMatch });
    fleet.image.files.set(targetFileName(path, file), bytes);
    fleet.director.targets.targets = { [path]: file };
    fleet.director.publish();

    await expect(device.verify()).rejects.toEqual(refusal('release_not_signed'));
  });

  test('cannot put other bytes behind a name that an author signed', async () => {
    const { fleet, steal, device } = await running();
    steal(...SERVER_KEYS);
    for (const [name, bytes] of fleet.image.files) {
      fleet.image.files.set(name, Buffer.from(String(bytes).replace('functional', 'recovery  ')));
    }

    await expect(device.verify()).rejects.toEqual(refusal('manifest_hash_mismatch'));
  });

  test.each([
    ['image', 'root'],
    ['image', 'targets'],
    ['director', 'root'],
  ] as const)('cannot hand over the %s %s to himself', async (repository, role) => {
    const { fleet, steal, device } = await running();
    const sim = fleet[repository];
    steal(...SERVER_KEYS);
    const before = [device.image, device.director].map(({ files }) => files.get('root'));

    sim.setKeys(role, [testKey('timestamp')]);
    await sim.publishRoot([...SERVER_KEYS.map(testKey)]);

    await expect(device.verify()).rejects.toEqual(refusal('threshold_not_met'));
    expect([device.image, device.director].map(({ files }) => files.get('root'))).toEqual(before);
  });

  test('cannot give the product to himself', async () => {
    const { fleet, steal, device } = await running();
    steal(...SERVER_KEYS);

    delegateGateway(fleet.image, IMAGE_ONLINE);
    fleet.image.signers.set('targets', SERVER_KEYS.map(testKey));
    fleet.image.publish();

    await expect(device.verify()).rejects.toEqual(refusal('threshold_not_met'));
  });

  test('can lie about the time, and cannot beyond what the offline root vouches for', async () => {
    const { fleet, steal, device } = await running();
    steal(...SERVER_KEYS);
    const say = (serverTime: string): void => {
      fleet.director.targets['custom'] = { deviceId: 'gw-1', serverTime };
      fleet.director.publish();
    };

    say('2026-06-07T23:59:59Z');
    await expect(device.verify()).resolves.toMatchObject({
      serverTime: new Date('2026-06-07T23:59:59Z'),
    });
    say('2026-06-08T00:00:00Z');
    await expect(device.verify()).rejects.toEqual(refusal('clock_untrusted'));
  });

  test('can push versions up for ever, until both roots name other keys: then they are forgotten', async () => {
    const { fleet, steal, recover, device, current } = await running();
    steal(...SERVER_KEYS);
    for (const sim of [fleet.image, fleet.director]) {
      for (const file of [sim.timestamp, sim.snapshot]) file.version = 2 ** 40;
    }
    fleet.director.targets.version = 2 ** 40;
    await device.verify();
    expect(device.image.floors()).toMatchObject({ timestamp: { version: 2 ** 40 } });

    fleet.director.targets.version = 49;
    await recover({});
    await expect(device.verify()).rejects.toEqual(refusal('version_rolled_back'));

    await recover({ image: IMAGE_ONLINE, director: ['timestamp', 'snapshot', 'targets'], at: 5 });
    fleet.assign(current);
    await expect(device.verify()).resolves.toMatchObject({ manifest: { version: '1.1.0' } });
    expect(device.image.floors()).toMatchObject({ root: 2, timestamp: { version: 5 } });
    expect(device.director.floors()).toMatchObject({ root: 2, timestamp: { version: 6 } });
  });

  test('cannot do anything any more once both roots name other keys', async () => {
    const { fleet, steal, recover, device } = await running();
    await recover({ image: IMAGE_ONLINE, director: ['timestamp', 'snapshot', 'targets'] });
    await device.verify();
    const before = diskOf(device);
    steal(...SERVER_KEYS);
    for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
      fleet.director.signers.set(role, [testKey(`director ${role}`)]);
    }
    fleet.director.publish();

    await expect(device.verify()).rejects.toEqual(refusal('threshold_not_met'));
    expect(diskOf(device)).toBe(before);
  });
});

describe('with the two image keys of the server a thief', () => {
  test('can hold back what authors publish, until their last word expires', async () => {
    const { fleet, steal, device } = await running();
    steal(...IMAGE_ONLINE);
    for (const file of [fleet.image.timestamp, fleet.image.snapshot]) {
      Object.assign(file, { version: 40, expires: '2036-01-01T00:00:00Z' });
    }

    await expect(device.verify(TOMORROW)).resolves.toMatchObject({
      manifest: { version: '1.1.0' },
    });
    await expect(device.verify(NEXT_WEEK)).rejects.toEqual(refusal('metadata_expired'));
  });

  test('can mix an old role of one product with a new one of another, for a device that saw neither', async () => {
    const { fleet, steal } = await running();
    const gateway = fleet.image.delegated.get('gateway');
    if (gateway === undefined) throw new Error('bug: no gateway');
    const old = { ...gateway };
    fleet.release('1.2.0');
    await fleet.device().verify(); // now both versions have been published
    steal(...IMAGE_ONLINE);

    Object.assign(gateway, old);
    for (const file of [fleet.image.timestamp, fleet.image.snapshot]) file.version += 1;

    await expect(fleet.device().verify()).resolves.toMatchObject({
      manifest: { version: '1.1.0' },
    });
  });

  test('cannot, for a device that has seen the newer one', async () => {
    const { fleet, steal, device } = await running();
    const gateway = fleet.image.delegated.get('gateway');
    if (gateway === undefined) throw new Error('bug: no gateway');
    const old = { ...gateway };
    fleet.release('1.2.0');
    await device.verify();
    steal(...IMAGE_ONLINE);

    Object.assign(gateway, old);
    for (const file of [fleet.image.timestamp, fleet.image.snapshot]) file.version += 1;

    await expect(device.verify()).rejects.toEqual(refusal('version_rolled_back'));
  });

  test('cannot make a product vanish from a device that knows it', async () => {
    const { fleet, steal, device } = await running();
    steal(...IMAGE_ONLINE);
    for (const file of [fleet.image.timestamp, fleet.image.snapshot]) file.version += 1;
    fleet.image.claims.set('gateway.json', null);

    await expect(device.verify()).rejects.toEqual(refusal('role_removed'));
  });

  test('cannot assign anything, not even what is published', async () => {
    const { fleet, steal, device, old } = await running();
    const before = diskOf(device);
    steal(...IMAGE_ONLINE);

    fleet.assign(old);

    await expect(device.verify()).rejects.toEqual(refusal('threshold_not_met'));
    expect(diskOf(device)).toBe(before);
  });

  test('is out once the image root names other keys, and only that root has to change', async () => {
    const { fleet, steal, recover, device } = await running();
    steal(...IMAGE_ONLINE);
    for (const file of [fleet.image.timestamp, fleet.image.snapshot]) file.version = 2 ** 40;
    await device.verify();

    await recover({ image: IMAGE_ONLINE });

    await expect(device.verify()).resolves.toMatchObject({ manifest: { version: '1.1.0' } });
    expect(device.image.floors()).toMatchObject({ root: 2, timestamp: { version: 50 } });
    expect(device.director.floors().root).toBeUndefined();
  });
});

test('these are all the keys that lie on the server, and all that a product has', async () => {
  const { image, director } = (await fleetToRob()).fleet;
  const ids = (names: readonly string[]): string[] => names.map((name) => testKey(name).keyId);
  const { timestamp, snapshot } = image.root.roles;
  const { roles } = director.root;

  expect([timestamp, snapshot].flatMap(({ keyids }) => keyids)).toEqual(ids(IMAGE_ONLINE));
  expect([roles.timestamp, roles.snapshot, roles.targets].flatMap(({ keyids }) => keyids)).toEqual(
    ids(SERVER_KEYS.slice(2)),
  );
  expect(image.targets.delegations?.roles?.find(({ name }) => name === 'gateway')).toMatchObject({
    threshold: 2,
    keyids: ids(GATEWAY_KEYS),
  });
});
