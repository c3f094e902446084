// A1, A5, A8, A21, A27 by somebody who holds no key at all: the network, the broker, the CDN. He
// sees all, keeps copies, and answers in the server's place.
import { describe, expect, test } from 'vitest';
import { NOON } from '../support/repository-simulator.ts';
import { diskOf, fleetToRob } from '../support/robbery.ts';
import { refusal } from '../support/tuf-device.ts';
import type { UptaneDevice, UptaneSimulator } from '../support/uptane-simulator.ts';

interface Scene {
  readonly fleet: UptaneSimulator;
  readonly device: UptaneDevice;
  readonly before: string;
}

/** A device runs 1.0.0; then the line is somebody else's. */
async function overheard(): Promise<Scene> {
  const { fleet, steal } = await fleetToRob();
  fleet.assign(fleet.release('1.0.0'));
  const device = fleet.device();
  await device.verify();
  steal();
  return { fleet, device, before: diskOf(device) };
}

describe.each(['director', 'image'] as const)('whoever holds the line of the %s', (repository) => {
  test.each(['timestamp', 'snapshot', 'targets'] as const)(
    'can drop its files, cannot write a %s',
    async (role) => {
      const { fleet, device, before } = await overheard();
      const sim = fleet[repository];
      sim[role].version += 1;
      if (role !== 'timestamp') sim.timestamp.version += 1;

      await expect(device.verify()).rejects.toEqual(refusal('threshold_not_met'));
      sim.instead.set('timestamp.json', () => undefined);
      await expect(device.verify()).rejects.toEqual(refusal('metadata_missing'));
      expect(diskOf(device)).toBe(before);
    },
  );

  test('can hold a device back until the timestamp expires, and no longer', async () => {
    const { fleet, device, before } = await overheard();
    fleet[repository].timestamp.expires = '2026-06-08T00:00:00Z'; // the copy he kept

    await expect(device.verify(new Date('2026-06-07T23:59:59Z'))).resolves.toMatchObject({
      manifest: { version: '1.0.0' },
    });
    await expect(device.verify(new Date('2026-06-08T00:00:00Z'))).rejects.toEqual(
      refusal('metadata_expired'),
    );
    expect(diskOf(device)).toBe(before);
  });

  test('cannot play back what the device has outgrown', async () => {
    const { fleet, steal } = await fleetToRob();
    fleet.assign(fleet.release('1.0.0'));
    const device = fleet.device();
    await device.verify();
    const sim = fleet[repository];
    const old = await sim.fetch('timestamp.json', 1_000_000);
    sim.publish();
    await device.verify();
    const before = diskOf(device);
    steal();

    sim.instead.set('timestamp.json', () => old);

    await expect(device.verify()).rejects.toEqual(refusal('version_rolled_back'));
    expect(diskOf(device)).toBe(before);
  });
});

test('whoever holds the line cannot change a byte of a manifest', async () => {
  const { fleet, device, before } = await overheard();
  for (const [name, bytes] of fleet.image.files) {
    fleet.image.files.set(name, Buffer.from(String(bytes).replace('functional', 'recovery  ')));
  }

  await expect(device.verify()).rejects.toEqual(refusal('manifest_hash_mismatch'));
  expect(diskOf(device)).toBe(before);
});

test('whoever holds the line cannot give the answer of one device to another', async () => {
  const { fleet } = await overheard();
  const another = fleet.device({ deviceId: 'gw-2' });

  await expect(another.verify()).rejects.toEqual(refusal('wrong_device'));
  expect(another.image.files.size).toBe(0); // it did not even ask the image repository
});

test('whoever holds the line cannot answer a device that asks with a nonce', async () => {
  const { fleet, before, device } = await overheard();

  await expect(fleet.device({ nonce: 'asked just now' }).verify()).rejects.toEqual(
    refusal('nonce_mismatch'),
  );
  await expect(device.verify(NOON)).resolves.toMatchObject({ kind: 'release' });
  expect(diskOf(device)).toBe(before);
});
