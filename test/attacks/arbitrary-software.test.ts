// A1: files that nobody with the right keys has signed.
import { describe, expect, test } from 'vitest';
import { simulateRepository } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

const roles = ['timestamp', 'snapshot', 'targets'] as const;

describe.each(roles)('a device that trusts a repository, and an attacker who writes %s', (role) => {
  test('accepts a new version by the right key', async () => {
    const sim = await simulateRepository();
    const device = tufDevice(sim);
    await device.refresh();

    sim.publish();
    await device.refresh();

    expect(device.store.floors()).toMatchObject({ timestamp: { version: 2 } });
  });

  test.each([
    ['no signature at all', []],
    ['a signature by a key of nobody', [testKey('mallory')]],
    [
      'a signature by the key of another role',
      [testKey(role === 'targets' ? 'timestamp' : 'targets')],
    ],
  ])('refuses %s and keeps what it had', async (_name, signers) => {
    const sim = await simulateRepository();
    const device = tufDevice(sim);
    await device.refresh();
    const before = device.store.files.get(role);

    sim.publish();
    sim.signers.set(role, signers);

    await expect(device.refresh()).rejects.toEqual(refusal('threshold_not_met'));
    expect(device.store.files.get(role)).toBe(before);
  });

  test('refuses the right signature over a changed byte', async () => {
    const sim = await simulateRepository();
    sim.namesHashes = false;
    const device = tufDevice(sim);
    await device.refresh();

    sim.publish();
    const name = role === 'timestamp' ? 'timestamp.json' : `2.${role}.json`;
    sim.instead.set(name, (honest) =>
      Buffer.from(String(honest).replace('2026-06-08', '2027-06-08')),
    );

    await expect(device.refresh()).rejects.toEqual(refusal('threshold_not_met'));
  });
});

test('refuses a next root that only its own keys have signed', async () => {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  await device.refresh();
  const before = device.disk();

  sim.setKeys('root', [testKey('mallory')]);
  await sim.publishRoot();

  await expect(device.refresh()).rejects.toEqual(refusal('threshold_not_met'));
  expect(device.disk()).toBe(before);
});

test('refuses a next root that only the old keys have signed', async () => {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  sim.setKeys('root', [testKey('new root')]);
  await sim.publishRoot([testKey('root')]);

  await expect(device.refresh()).rejects.toEqual(refusal('threshold_not_met'));
});

test('accepts a next root that old and new keys have signed', async () => {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  sim.setKeys('root', [testKey('new root')]);
  await sim.publishRoot([testKey('root'), testKey('new root')]);

  expect((await device.refresh()).root.version).toBe(2);
});
