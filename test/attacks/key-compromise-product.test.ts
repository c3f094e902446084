// A1, A18, A27: keys of authors were stolen. One below the threshold is nothing; the threshold is the
// product, as soon as the server helps; and never another product.
import { describe, expect, test } from 'vitest';
import type { RefusalCode } from '../../shared/trust/refusal.ts';
import {
  delegateGateway,
  diskOf,
  fleetToRob,
  SERVER_KEYS,
  type Robbery,
} from '../support/robbery.ts';
import { testKey } from '../support/test-key.ts';
import { refusal } from '../support/tuf-device.ts';
import type { UptaneDevice } from '../support/uptane-simulator.ts';

const THRESHOLD = ['gateway one', 'gateway two'] as const;

interface Scene extends Robbery {
  readonly device: UptaneDevice;
  readonly before: string;
}

async function running(): Promise<Scene> {
  const robbery = await fleetToRob();
  robbery.fleet.assign(robbery.fleet.release('1.0.0', { securityEpoch: 3 }));
  const device = robbery.fleet.device({ securityEpoch: 3, releaseCounter: 1 });
  await device.verify();
  return { ...robbery, device, before: diskOf(device) };
}

/** Publishes a false release and assigns it, with whatever signatures the thief has. */
async function forge({ fleet, device }: Scene, code: RefusalCode | undefined): Promise<void> {
  fleet.assign(fleet.release('6.6.6', { securityEpoch: 3 }));
  if (code !== undefined) await expect(device.verify()).rejects.toEqual(refusal(code));
  else {
    await expect(device.verify()).resolves.toMatchObject({ manifest: { version: '6.6.6' } });
  }
}

describe('with one key of a product, where two must sign, a thief', () => {
  test.each(['gateway one', 'gateway two', 'gateway three'])('can do nothing: %s', async (key) => {
    const scene = await running();
    scene.steal(key);

    await forge(scene, 'threshold_not_met');
    expect(diskOf(scene.device)).toBe(scene.before);
  });

  test.each(['gateway one', 'gateway two', 'gateway three'])(
    'and every key of the server can make no release: %s',
    async (key) => {
      const scene = await running();
      const role = scene.device.image.files.get('gateway');
      scene.steal(key, ...SERVER_KEYS);

      await forge(scene, 'threshold_not_met');
      expect(scene.device.image.files.get('gateway')).toBe(role);
    },
  );

  test('and the key of another product can make no release', async () => {
    const scene = await running();
    scene.steal('gateway one', 'camera author', ...SERVER_KEYS);

    await forge(scene, 'threshold_not_met');
  });
});

describe('with the threshold of a product a thief', () => {
  test('can sign a release, which reaches no device without the server', async () => {
    const scene = await running();
    scene.steal(...THRESHOLD);

    await forge(scene, 'threshold_not_met'); // of the director's timestamp
    expect(diskOf(scene.device)).toBe(scene.before);
  });

  test('can have it published and not assigned: the device stays with what it was told', async () => {
    const { fleet, steal, device } = await running();
    steal(...THRESHOLD, 'timestamp', 'snapshot');

    fleet.release('6.6.6');

    await expect(device.verify()).resolves.toMatchObject({ manifest: { version: '1.0.0' } });
  });

  test('cannot sign for another product', async () => {
    const { fleet, steal } = await running();
    steal(...THRESHOLD, ...SERVER_KEYS);
    const path = 'camera/6.6.6/manifest.json';
    const gateway = fleet.image.delegated.get('gateway');
    const forged = fleet.release('6.6.6');
    const signed = gateway?.targets[forged];
    if (gateway === undefined || signed === undefined) throw new Error('bug: no release');
    gateway.targets = { ...gateway.targets, [path]: signed };
    fleet.director.targets.targets = { [path]: signed };
    fleet.director.publish();

    // Nobody who may speak about camera/ has signed it: the role of gateway is not even asked.
    const camera = fleet.device({ product: 'camera' });
    await expect(camera.verify()).rejects.toEqual(refusal('release_not_signed'));
    expect(camera.image.files.has('gateway')).toBe(false);
  });

  test('cannot sign as another product', async () => {
    const { fleet, steal } = await running();
    const path = 'camera/6.6.6/manifest.json';
    steal(...THRESHOLD, ...SERVER_KEYS);
    const forged = fleet.release('6.6.6');
    const signed = fleet.image.delegated.get('gateway')?.targets[forged];
    const camera = fleet.image.delegated.get('camera');
    if (camera === undefined || signed === undefined) throw new Error('bug: no release');
    camera.targets = { [path]: signed };
    fleet.director.targets.targets = { [path]: signed };
    fleet.director.publish();

    await expect(fleet.device({ product: 'camera' }).verify()).rejects.toEqual(
      refusal('threshold_not_met'),
    );
  });
});

describe('with the threshold of a product and every key of the server a thief', () => {
  const EVERYTHING = [...THRESHOLD, ...SERVER_KEYS];

  test('can have that product run whatever he likes', async () => {
    const scene = await running();
    scene.steal(...EVERYTHING);

    await forge(scene, undefined);
  });

  test('cannot go below the epoch that a device has committed, nor to other hardware', async () => {
    const { fleet, steal, device } = await running();
    steal(...EVERYTHING);

    fleet.assign(fleet.release('6.6.6', { securityEpoch: 2 }));
    await expect(device.verify()).rejects.toEqual(refusal('security_epoch_rolled_back'));
    fleet.assign(fleet.release('6.6.7', { securityEpoch: 3, hardwareIds: ['rpi5'] }));
    await expect(device.verify()).rejects.toEqual(refusal('hardware_mismatch'));
  });

  test('can raise the epoch beyond what is honest, and a device that committed that stays there', async () => {
    const { fleet, steal } = await running();
    steal(...EVERYTHING);
    fleet.assign(fleet.release('6.6.6', { securityEpoch: 1_000_000 }));
    await expect(fleet.device({ securityEpoch: 3 }).verify()).resolves.toMatchObject({
      kind: 'release',
    });

    fleet.assign(fleet.release('1.1.0', { securityEpoch: 4 }));
    await expect(fleet.device({ securityEpoch: 1_000_000 }).verify()).rejects.toEqual(
      refusal('security_epoch_rolled_back'),
    );
    fleet.assign(fleet.release('1.1.1', { securityEpoch: 1_000_001 })); // the way out: above it
    await expect(fleet.device({ securityEpoch: 1_000_000 }).verify()).resolves.toMatchObject({
      kind: 'release',
    });
  });

  test('is out when the offline keys name others: what he signed is worth nothing, his versions are forgotten', async () => {
    const scene = await running();
    const { fleet, steal, recover, device } = scene;
    steal(...EVERYTHING);
    await forge(scene, undefined);
    const role = fleet.image.delegated.get('gateway');
    if (role === undefined) throw new Error('bug: no gateway');
    role.version = 2 ** 40;
    for (const file of [fleet.image.timestamp, fleet.image.snapshot]) file.version = 2 ** 40;
    await device.verify();
    expect(device.image.floors().roles.get('gateway')?.version).toBe(2 ** 40);

    // The owners: new online keys in both roots, new product keys in the offline targets.
    const honest = Object.fromEntries(
      Object.entries(role.targets).filter(([path]) => !path.startsWith('gateway/6.6.6/')),
    );
    Object.assign(role, { version: 9, targets: honest });
    const image = ['timestamp', 'snapshot'] as const;
    await recover({ image, director: ['timestamp', 'snapshot', 'targets'] });
    delegateGateway(fleet.image, ['gateway next one', 'gateway next two']);
    fleet.image.signers.set('targets', [testKey('targets')]);
    fleet.image.targets.version += 1;
    fleet.assign(fleet.release('1.1.0', { securityEpoch: 3 }));

    await expect(device.verify()).resolves.toMatchObject({ manifest: { version: '1.1.0' } });
    expect(device.image.floors().roles.get('gateway')?.version).toBe(10);
    fleet.image.signers.set('gateway', THRESHOLD.map(testKey));
    await forge(scene, 'threshold_not_met');
  });
});
