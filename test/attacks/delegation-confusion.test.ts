// A18, A19: a role speaks about what it was never given, or is believed by way of another delegator.
import { describe, expect, test } from 'vitest';
import { matches } from '../../shared/trust/path-match.ts';
import { simulateRepository, targetFor, type Simulator } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

const good = targetFor(Buffer.from('good'));
const evil = targetFor(Buffer.from('evil'));

function vouch(sim: Simulator, role: string, path: string, target: typeof good): void {
  const file = sim.delegated.get(role);
  if (file !== undefined) file.targets = { ...file.targets, [path]: target };
}

describe('two products with a role each', () => {
  async function twoProducts(): Promise<Simulator> {
    const sim = await simulateRepository();
    sim.delegate('gateway', ['gateway/*/*'], [testKey('gateway')]);
    sim.delegate('camera', ['camera/*/*'], [testKey('camera')]);
    vouch(sim, 'gateway', 'gateway/1.0.0/manifest.json', good);
    return sim;
  }

  test('a product signs for its own path', async () => {
    const sim = await twoProducts();

    expect(await tufDevice(sim).find('gateway/1.0.0/manifest.json')).toMatchObject(good);
  });

  test('a product cannot sign for the path of another', async () => {
    const sim = await twoProducts();
    vouch(sim, 'camera', 'gateway/2.0.0/manifest.json', evil);

    expect(await tufDevice(sim).find('gateway/2.0.0/manifest.json')).toBeUndefined();
  });

  test('a product role signed by the key of the other product is refused', async () => {
    const sim = await twoProducts();
    sim.signers.set('gateway', [testKey('camera')]);

    await expect(tufDevice(sim).find('gateway/1.0.0/manifest.json')).rejects.toEqual(
      refusal('threshold_not_met'),
    );
  });
});

test('a role reached by two ways must hold on each: a cached copy proves nothing to another delegator', async () => {
  const sim = await simulateRepository();
  sim.delegate('shared', ['*'], [testKey('first keys')]);
  vouch(sim, 'shared', 'file', good);
  const device = tufDevice(sim);
  expect(await device.find('file')).toMatchObject(good);

  const before = sim.targets.delegations;
  sim.targets.delegations = { keys: before?.keys ?? {}, roles: [] };
  sim.delegate('shared', ['*'], [testKey('second keys')]);
  vouch(sim, 'shared', 'file', good);
  sim.signers.set('shared', [testKey('first keys')]);
  sim.targets.version += 1;
  sim.snapshot.version += 1;
  sim.timestamp.version += 1;

  await expect(device.find('file')).rejects.toEqual(refusal('threshold_not_met'));
});

test('a terminating role has the last word about its paths', async () => {
  const sim = await simulateRepository();
  sim.delegate('first', ['*'], [testKey('first')]);
  sim.delegate('second', ['*'], [testKey('second')]);
  vouch(sim, 'second', 'file', evil);
  expect(await tufDevice(sim).find('file')).toMatchObject(evil);

  const [first, ...others] = sim.targets.delegations?.roles ?? [];
  if (first === undefined) throw new Error('bug: no delegation');
  sim.targets.delegations = {
    keys: sim.targets.delegations?.keys ?? {},
    roles: [{ ...first, terminating: true }, ...others],
  };
  expect(await tufDevice(sim).find('file')).toBeUndefined();
});

test('a role to which a role delegates is asked before the siblings of its delegator', async () => {
  const sim = await simulateRepository();
  const delegate = (to: Simulator['targets'], name: string): void => {
    const own = { ...sim.targets };
    sim.targets.delegations = to.delegations;
    sim.delegate(name, ['*'], [testKey(name)]);
    const { delegations } = sim.targets;
    sim.targets.delegations = own.delegations;
    to.delegations = delegations;
  };
  sim.delegate('first', ['*'], [testKey('first')]);
  sim.delegate('second', ['*'], [testKey('second')]);
  const first = sim.delegated.get('first');
  if (first === undefined) throw new Error('bug: no role');
  delegate(first, 'below first');
  vouch(sim, 'second', 'file', evil);
  expect(await tufDevice(sim).find('file')).toMatchObject(evil);

  vouch(sim, 'below first', 'file', good);
  expect(await tufDevice(sim).find('file')).toMatchObject(good);
});

test('a role delegated twice is malformed', async () => {
  const sim = await simulateRepository();
  sim.delegate('gateway', ['a/*'], [testKey('gateway')]);
  sim.delegate('gateway', ['b/*'], [testKey('mallory')]);

  await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('metadata_malformed'));
});

test.each([
  ['gateway/*/*', 'gateway/1.0.0/manifest.json', true],
  ['gateway/*/*', 'gateway/a/b/manifest.json', false],
  ['gateway/*', 'gateway', false],
  ['*', 'a/b', false],
  ['?oo', 'foo', true],
  ['?oo', 'oo', false],
  ['*.tgz', '.tgz', true],
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'aXbY', false],
  ['{a,b}', 'a', false],
  ['!a', 'b', false],
  ['[ab]', 'a', false],
  ['**', 'a/b', false],
  ['GATEWAY/*', 'gateway/x', false],
])('the pattern %s against %s is %s', (pattern, path, expected) => {
  expect(matches(pattern, path)).toBe(expected);
});

test('a pattern made to be slow is not', () => {
  expect(matches('*a'.repeat(200), 'a'.repeat(1_000) + 'b')).toBe(false);
});
