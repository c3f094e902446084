// A11: files that are each genuine and do not belong together.
import { describe, expect, test } from 'vitest';
import { simulateRepository } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

describe.each([true, false])('a repository whose parents name hashes: %s', (namesHashes) => {
  test.each(['snapshot', 'targets'] as const)(
    'refuses an older %s in a newer set',
    async (role) => {
      const sim = await simulateRepository();
      sim.namesHashes = namesHashes;
      const old = await sim.fetch(`1.${role}.json`, 1_000_000);
      sim.publish();
      sim.instead.set(`2.${role}.json`, () => old);

      await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('metadata_mismatched'));
    },
  );

  test('accepts the set that belongs together', async () => {
    const sim = await simulateRepository();
    sim.namesHashes = namesHashes;
    sim.publish();

    await expect(tufDevice(sim).refresh()).resolves.toBeDefined();
  });
});

test('refuses a file of the right version and signature with another hash', async () => {
  const sim = await simulateRepository();
  sim.claims.set('targets.json', { version: 1, hashes: { sha256: '0'.repeat(64) } });

  await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('metadata_mismatched'));
});

test('refuses a file of another length than its parent names', async () => {
  const sim = await simulateRepository();
  sim.instead.set('1.snapshot.json', (honest) =>
    Buffer.concat([honest ?? Buffer.of(), Buffer.from(' ')]),
  );

  await expect(tufDevice(sim).refresh()).rejects.toMatchObject({ name: 'Refusal' });
});

test('a role that the snapshot does not list is not found, and not fetched', async () => {
  const sim = await simulateRepository();
  sim.delegate('gateway', ['gateway/*'], [testKey('gateway')]);
  sim.claims.set('gateway.json', null);

  expect(await tufDevice(sim).find('gateway/x')).toBeUndefined();
  expect(sim.fetched).not.toContain('1.gateway.json');
});
