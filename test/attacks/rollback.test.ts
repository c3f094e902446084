// A5: older files that were once right. A7: the same number over other content.
import { describe, expect, test } from 'vitest';
import {
  NOON,
  simulateRepository,
  targetFor,
  type Simulator,
} from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice, type TufDevice } from '../support/tuf-device.ts';

async function atVersionThree(): Promise<{ sim: Simulator; device: TufDevice }> {
  const sim = await simulateRepository();
  sim.delegate('gateway', ['gateway/*'], [testKey('gateway')]);
  const device = tufDevice(sim);
  sim.publish();
  sim.publish();
  await device.find('gateway/none');
  return { sim, device };
}

describe('a device that has verified version 3 of everything', () => {
  test('accepts version 4', async () => {
    const { sim, device } = await atVersionThree();
    sim.publish();

    await device.find('gateway/none');

    expect(device.store.floors().roles.get('gateway')?.version).toBe(4);
  });

  test('refuses an older timestamp, also after its own copy was lost', async () => {
    const { sim, device } = await atVersionThree();
    device.store.files.clear();
    sim.timestamp.version = 2;

    await expect(device.refresh()).rejects.toEqual(refusal('version_rolled_back'));
  });

  test('refuses a new timestamp that names an older snapshot', async () => {
    const { sim, device } = await atVersionThree();
    const before = device.disk();
    sim.timestamp.version = 4;
    sim.snapshot.version = 2;

    await expect(device.refresh()).rejects.toEqual(refusal('version_rolled_back'));
    expect(device.disk()).toBe(before);
  });

  test.each(['targets', 'gateway'])(
    'refuses a new snapshot that lists an older %s',
    async (role) => {
      const { sim, device } = await atVersionThree();
      sim.publish();
      const file = role === 'targets' ? sim.targets : sim.delegated.get(role);
      if (file !== undefined) file.version = 2;

      await expect(device.find('gateway/none')).rejects.toEqual(refusal('version_rolled_back'));
    },
  );

  test('refuses a snapshot from which a role has vanished', async () => {
    const { sim, device } = await atVersionThree();
    sim.publish();
    sim.claims.set('gateway.json', null);

    await expect(device.refresh()).rejects.toEqual(refusal('role_removed'));
  });

  test('still notices a rollback when its own copy has expired', async () => {
    const { sim, device } = await atVersionThree();
    sim.root.expires = '2027-01-01T00:00:00Z';
    await sim.publishRoot();
    const muchLater = new Date('2026-07-01T00:00:00Z');
    sim.timestamp.version = 2;
    sim.timestamp.expires = '2026-08-01T00:00:00Z';

    await expect(device.refresh(muchLater)).rejects.toEqual(refusal('version_rolled_back'));
  });

  test('keeps its own timestamp when the same version comes with other content', async () => {
    const { sim, device } = await atVersionThree();
    const before = device.disk();
    sim.timestamp.expires = '2026-06-09T00:00:00Z';

    await device.refresh();

    expect(device.disk()).toBe(before);
  });

  test.each(['snapshot', 'targets'])(
    'refuses the same version of %s over other content',
    async (role) => {
      const { sim, device } = await atVersionThree();
      sim.timestamp.version += 1;
      if (role === 'targets') {
        sim.snapshot.version += 1;
        sim.targets.targets = { evil: targetFor(Buffer.from('evil')) };
      } else sim.snapshot.expires = '2026-06-09T00:00:00Z';

      await expect(device.refresh()).rejects.toEqual(refusal('version_reused'));
    },
  );
});

test('a root that skips a version is refused', async () => {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  sim.root.version = 2;
  await sim.publishRoot();

  await expect(device.refresh(NOON)).rejects.toEqual(refusal('root_version_wrong'));
});

test('a device that lost its root walks up again, and refuses a repository that stops earlier', async () => {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  await sim.publishRoot();
  await device.refresh();

  device.store.files.clear();
  expect((await device.refresh()).root.version).toBe(2);
  device.store.files.clear();
  sim.roots.pop();
  await expect(device.refresh()).rejects.toEqual(refusal('version_rolled_back'));
});
