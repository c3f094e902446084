// TUF 5.4.1, 5.5.1, 5.6.1: how many bytes a device asks a transport for, at most.
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../shared/metadata/limits.ts';
import { fetchWhole } from '../../../shared/trust/repository.ts';
import { simulateRepository, type Simulator } from '../../support/repository-simulator.ts';
import { testKey } from '../../support/test-key.ts';
import { refusal, tufDevice } from '../../support/tuf-device.ts';

async function asked(change: (sim: Simulator) => void): Promise<ReadonlyMap<string, number>> {
  const sim = await simulateRepository();
  sim.delegate('gateway', ['gateway/*'], [testKey('gateway')]);
  change(sim);
  const limits = new Map<string, number>();
  const device = tufDevice({
    ...sim,
    fetch: (name, maxBytes) => {
      limits.set(name, maxBytes);
      return sim.fetch(name, maxBytes);
    },
  });
  await device.find('gateway/x').catch(() => undefined); // an attack may be refused afterwards
  return limits;
}

describe('a device asks', () => {
  test('for as many bytes as a parent names', async () => {
    const limits = await asked(() => undefined);
    const sim = await simulateRepository();
    sim.delegate('gateway', ['gateway/*'], [testKey('gateway')]);

    for (const name of ['1.snapshot.json', '1.targets.json', '1.gateway.json']) {
      expect(limits.get(name)).toBe((await sim.fetch(name, 1_000_000))?.length);
    }
    expect(limits.get('2.root.json')).toBe(LIMITS.rootBytes);
    expect(limits.get('timestamp.json')).toBe(LIMITS.timestampBytes);
  });

  test('for its own limits when a parent names no length', async () => {
    const limits = await asked((sim) => (sim.namesHashes = false));

    expect(limits.get('1.snapshot.json')).toBe(LIMITS.snapshotBytes);
    expect(limits.get('1.targets.json')).toBe(LIMITS.targetsBytes);
    expect(limits.get('1.gateway.json')).toBe(LIMITS.targetsBytes);
  });

  test.each([
    ['snapshot', LIMITS.snapshotBytes],
    ['targets', LIMITS.targetsBytes],
  ])('for its own limit when a parent names a longer %s', async (role, limit) => {
    const limits = await asked((sim) =>
      sim.claims.set(`${role}.json`, { version: 1, length: 2 ** 40 }),
    );

    expect(limits.get(`1.${role}.json`)).toBe(limit);
  });
});

test('a file of exactly the limit is read, and one byte more is not', async () => {
  const serve = (length: number) => () => Promise.resolve(new Uint8Array(length));

  expect(await fetchWhole(serve(10), 'a.json', 10)).toHaveLength(10);
  await expect(fetchWhole(serve(11), 'a.json', 10)).rejects.toEqual(refusal('metadata_too_large'));
  await expect(fetchWhole(serve(11), 'a.json', 10)).rejects.toThrow(
    'a.json is longer than 10 bytes',
  );
});
