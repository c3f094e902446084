// A8: metadata that has expired is served for ever. A9: and the clock is made to agree.
import { describe, expect, test } from 'vitest';
import { startTime } from '../../shared/trust/time-floor.ts';
import { NOON, simulateRepository } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

const justExpired = '2026-06-01T12:00:00Z';
const lastMoment = new Date(NOON.getTime() - 1);

describe.each(['root', 'timestamp', 'snapshot', 'targets'] as const)('an expired %s', (role) => {
  test('is refused in the second it expires', async () => {
    const sim = await simulateRepository();
    sim[role].expires = justExpired;
    if (role === 'root') await sim.publishRoot();

    await expect(tufDevice(sim).refresh(NOON)).rejects.toEqual(refusal('metadata_expired'));
  });

  test('is accepted up to the last millisecond', async () => {
    const sim = await simulateRepository();
    sim[role].expires = justExpired;
    if (role === 'root') await sim.publishRoot();

    await expect(tufDevice(sim).refresh(lastMoment)).resolves.toBeDefined();
  });
});

test('an expired delegated role is refused', async () => {
  const sim = await simulateRepository();
  sim.delegate('gateway', ['gateway/*'], [testKey('gateway')]);
  const role = sim.delegated.get('gateway');
  if (role !== undefined) role.expires = justExpired;
  const device = tufDevice(sim);

  await expect(device.find('gateway/x', NOON)).rejects.toEqual(refusal('metadata_expired'));
  await expect(device.find('gateway/x', lastMoment)).resolves.toBeUndefined();
});

test('an expired root on the way to a fresh one is followed', async () => {
  const sim = await simulateRepository();
  sim.root.expires = '2026-01-01T00:00:00Z';
  await sim.publishRoot();
  sim.root.expires = '2027-01-01T00:00:00Z';
  await sim.publishRoot();

  expect((await tufDevice(sim).refresh()).root.version).toBe(3);
});

test('an expired stored copy never stops a device that can fetch a fresh one', async () => {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  await device.refresh();
  sim.publish();
  for (const role of [sim.timestamp, sim.snapshot, sim.targets])
    role.expires = '2027-01-01T00:00:00Z';
  sim.root.expires = '2027-01-01T00:00:00Z';
  await sim.publishRoot();

  await expect(device.refresh(new Date('2026-12-01T00:00:00Z'))).resolves.toBeDefined();
});

test('a clock set back to 1970 does not make old metadata fresh', () => {
  const built = new Date('2026-05-01T00:00:00Z');
  const verified = new Date('2026-06-01T12:00:00Z');

  expect(startTime(new Date(0), built, verified)).toEqual(verified);
  expect(startTime(new Date('2026-07-01T00:00:00Z'), built, verified)).toEqual(
    new Date('2026-07-01T00:00:00Z'),
  );
});
