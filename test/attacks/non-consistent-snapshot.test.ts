// A repository without consistent snapshots overwrites its files: a device may meet half of a change,
// and must never take files that do not belong together (TUF 5.3.12, A11).
import { expect, test } from 'vitest';
import { simulateRepository, type Simulator } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';
import { simulateUptane } from '../support/uptane-simulator.ts';

async function plain(): Promise<Simulator> {
  const sim = await simulateRepository();
  sim.root.consistent_snapshot = false;
  await sim.publishRoot();
  sim.delegate('gateway', ['gateway/*'], [testKey('gateway')]);
  return sim;
}

test('its files are fetched under their bare names, roots under their numbers', async () => {
  const sim = await plain();

  await tufDevice(sim).find('gateway/x');

  expect(sim.fetched).toEqual([
    '2.root.json',
    '3.root.json',
    'timestamp.json',
    'snapshot.json',
    'targets.json',
    'gateway.json',
  ]);
});

test.each(['snapshot', 'targets', 'gateway'])(
  'half a change is refused: an old %s',
  async (role) => {
    const sim = await plain();
    const device = tufDevice(sim);
    await device.find('gateway/x');
    const old = await sim.fetch(`${role}.json`, 1_000_000);
    const before = device.store.files.get(role);
    sim.publish();
    sim.instead.set(`${role}.json`, () => old);

    await expect(device.find('gateway/x')).rejects.toEqual(refusal('metadata_mismatched'));
    expect(device.store.files.get(role)).toBe(before);

    sim.instead.clear();
    await expect(device.find('gateway/x')).resolves.toBeUndefined(); // the whole change is accepted
  },
);

test('a manifest is fetched under its own name, and still only by its hash believed', async () => {
  const fleet = await simulateUptane();
  fleet.image.root.consistent_snapshot = false;
  await fleet.image.publishRoot();
  const path = fleet.release('1.0.0');
  fleet.assign(path);
  const [[hashed, bytes] = ['', Buffer.of()]] = [...fleet.image.files];
  fleet.image.files.delete(hashed);
  fleet.image.files.set(`targets/${path}`, bytes);
  await expect(fleet.device().verify()).resolves.toMatchObject({ kind: 'release', path });

  fleet.image.files.set(`targets/${path}`, Buffer.from(String(bytes).replace('rpi3', 'rpi5')));
  await expect(fleet.device().verify()).rejects.toEqual(refusal('manifest_hash_mismatch'));
});
