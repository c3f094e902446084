// A10: stolen online keys sign enormous version numbers, so that honest ones look old for ever.
import { expect, test } from 'vitest';
import { simulateRepository, type Simulator } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice, type TufDevice } from '../support/tuf-device.ts';

async function fastForwarded(): Promise<{ sim: Simulator; device: TufDevice }> {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  for (const role of [sim.timestamp, sim.snapshot, sim.targets]) role.version = 2 ** 31;
  await device.refresh();
  for (const role of [sim.timestamp, sim.snapshot, sim.targets]) role.version = 2;
  return { sim, device };
}

test('honest versions stay refused while the keys are the same', async () => {
  const { device } = await fastForwarded();

  await expect(device.refresh()).rejects.toEqual(refusal('version_rolled_back'));
});

test.each(['timestamp', 'snapshot'] as const)(
  'honest versions count again once the %s key was replaced in root',
  async (role) => {
    const { sim, device } = await fastForwarded();
    sim.setKeys(role, [testKey(`new ${role}`)]);
    await sim.publishRoot();

    await device.refresh();

    expect(device.store.floors()).toMatchObject({ timestamp: { version: 2 }, root: 2 });
  },
);

test('a rotation forgets no version of a role that the device still holds', async () => {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  await device.refresh();
  sim.setKeys('snapshot', [testKey('new snapshot')]);
  await sim.publishRoot();
  sim.snapshot.version += 1;
  sim.timestamp.version += 1;

  await device.refresh();

  expect(device.store.floors().roles.get('targets')).toMatchObject({ version: 1 });
});

test('a new root with the same online keys opens nothing', async () => {
  const { sim, device } = await fastForwarded();
  sim.setKeys('targets', [testKey('new targets')]);
  await sim.publishRoot();

  await expect(device.refresh()).rejects.toEqual(refusal('version_rolled_back'));
});
