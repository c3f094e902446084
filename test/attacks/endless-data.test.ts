// A13, A14: more bytes, more roots, more delegations than anybody needs.
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { simulateRepository, targetFor } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

describe('a transport that does not stop', () => {
  test.each([
    ['2.root.json', LIMITS.rootBytes],
    ['timestamp.json', LIMITS.timestampBytes],
    ['1.snapshot.json', LIMITS.snapshotBytes],
    ['1.targets.json', LIMITS.targetsBytes],
  ])('is refused at the limit of %s, before a byte of it is read', async (name, limit) => {
    const sim = await simulateRepository();
    sim.namesHashes = false;
    sim.instead.set(name, () => Buffer.alloc(limit + 1, ' '));

    await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('metadata_too_large'));
  });

  test('is asked for no more than the parent names', async () => {
    const sim = await simulateRepository();
    const asked = new Map<string, number>();
    const device = tufDevice({
      ...sim,
      fetch: (name, maxBytes) => {
        asked.set(name, maxBytes);
        return sim.fetch(name, maxBytes);
      },
    });

    await device.refresh();

    expect(asked.get('1.snapshot.json')).toBeLessThan(1_000);
    expect(asked.get('timestamp.json')).toBe(LIMITS.timestampBytes);
  });
});

test('follows 256 roots in one go and not one more', async () => {
  const sim = await simulateRepository();
  for (let version = 2; version <= LIMITS.roots + 1; version += 1) await sim.publishRoot();
  const device = tufDevice(sim);
  expect((await device.refresh()).root.version).toBe(LIMITS.roots + 1);

  const another = tufDevice(sim);
  await sim.publishRoot();
  const walk = another.refresh();
  await expect(walk).rejects.toEqual(refusal('too_many_roots'));
  await expect(walk).rejects.toThrow(`after ${LIMITS.roots} roots`);
}, 60_000);

test('visits 32 delegated roles and not one more, and ends in a cycle', async () => {
  const sim = await simulateRepository();
  const wanted = targetFor(Buffer.from('wanted'));
  for (let n = 1; n <= LIMITS.delegations; n += 1)
    sim.delegate(`role${n}`, ['*'], [testKey(`role${n}`)]);
  const last = sim.delegated.get(`role${LIMITS.delegations}`);
  if (last !== undefined) last.targets = { wanted };
  const device = tufDevice(sim);
  expect(await device.find('wanted')).toMatchObject(wanted);

  sim.delegate('one-more', ['*'], [testKey('one more')]);
  await expect(tufDevice(sim).find('missing')).rejects.toEqual(refusal('too_many_delegations'));
});
