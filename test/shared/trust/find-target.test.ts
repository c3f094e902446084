// TUF 5.6.7: which roles a device asks about a path, in which order, and where it stops.
import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../shared/metadata/limits.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import {
  simulateRepository,
  targetFor,
  type Simulator,
} from '../../support/repository-simulator.ts';
import { testKey } from '../../support/test-key.ts';
import { refusal, tufDevice } from '../../support/tuf-device.ts';

const good = targetFor(Buffer.from('good'));
const other = targetFor(Buffer.from('other'));

/** A role that vouches for nothing yet, signed by these keys. */
function addRole(sim: Simulator, name: string, by = name): void {
  const { spec_version, expires } = sim.targets;
  sim.delegated.set(name, { _type: 'targets', spec_version, version: 1, expires, targets: {} });
  sim.signers.set(name, [testKey(by)]);
}

/** The role `from` delegates every path to each of `to`, in this order. */
function delegate(sim: Simulator, from: string, to: readonly string[]): void {
  for (const name of to) if (!sim.delegated.has(name)) addRole(sim, name);
  roleOf(sim, from).delegations = {
    keys: Object.fromEntries(to.map(testKey).map(({ keyId, publicKey }) => [keyId, publicKey])),
    roles: to.map((name) => {
      const { keyId } = testKey(name);
      return { name, keyids: [keyId], threshold: 1, terminating: false, paths: ['*'] };
    }),
  };
}

function roleOf(sim: Simulator, name: string): Simulator['targets'] {
  const role = sim.delegated.get(name);
  if (role === undefined) throw new Error(`bug: no ${name}`);
  return role;
}

function vouch(sim: Simulator, name: string, target: typeof good): void {
  roleOf(sim, name).targets = { file: target };
}

async function withRoles(...names: readonly string[]): Promise<Simulator> {
  const sim = await simulateRepository();
  for (const name of names) sim.delegate(name, ['*'], [testKey(name)]);
  return sim;
}

describe('a device that looks for a file', () => {
  test('takes the word of the top-level targets before that of any role', async () => {
    const sim = await withRoles('first');
    vouch(sim, 'first', other);
    sim.targets.targets = { file: good };

    expect(await tufDevice(sim).find('file')).toMatchObject(good);
    expect(sim.fetched).not.toContain('1.first.json');
  });

  test('finds nothing where nobody delegates', async () => {
    expect(await tufDevice(await simulateRepository()).find('file')).toBeUndefined();
  });

  test('asks the roles in their order, and stops at the first that has it', async () => {
    const sim = await withRoles('first', 'second', 'third');
    vouch(sim, 'second', good);
    vouch(sim, 'third', other);

    expect(await tufDevice(sim).find('file')).toMatchObject(good);
    expect(sim.fetched.slice(-2)).toEqual(['1.first.json', '1.second.json']);
  });

  test('goes round in no circle, and asks the others all the same', async () => {
    const sim = await withRoles('first', 'second');
    delegate(sim, 'first', ['deep']);
    delegate(sim, 'deep', ['first', 'deep']);
    vouch(sim, 'second', good);

    expect(await tufDevice(sim).find('file')).toMatchObject(good);
    expect(await tufDevice(sim).find('missing')).toBeUndefined();
    expect(sim.fetched.slice(-3)).toEqual(['1.first.json', '1.deep.json', '1.second.json']);
  });

  test('ends its search at a role that the snapshot does not list', async () => {
    const sim = await withRoles('first', 'second');
    vouch(sim, 'second', good);
    sim.claims.set('first.json', null);

    expect(await tufDevice(sim).find('file')).toBeUndefined();
  });

  test(`asks ${LIMITS.delegations} roles, and says which file is behind more`, async () => {
    const names = Array.from({ length: LIMITS.delegations }, (_, n) => `role${n}`);
    const sim = await withRoles(...names);
    expect(await tufDevice(sim).find('missing')).toBeUndefined();

    sim.delegate('one more', ['*'], [testKey('one more')]);
    const find = tufDevice(sim).find('missing');
    await expect(find).rejects.toEqual(refusal('too_many_delegations'));
    await expect(find).rejects.toThrow(`missing is behind more than ${LIMITS.delegations} roles`);
  });
});

test('a bin that has nothing does not end the search (TAP 15: bins do not terminate)', async () => {
  const sim = await withRoles('bins', 'sibling');
  const { keyId, publicKey } = testKey('bins');
  const bits = { keyids: [keyId], threshold: 1, bit_length: 1, name_prefix: 'bin' };
  roleOf(sim, 'bins').delegations = { keys: { [keyId]: publicKey }, succinct_roles: bits };
  const bin = `bin-${Number.parseInt(sha256Hex(Buffer.from('file')).slice(0, 1), 16) >>> 3}`;
  addRole(sim, bin, 'bins');
  vouch(sim, 'sibling', good);

  expect(await tufDevice(sim).find('file')).toMatchObject(good);
  expect(sim.fetched.slice(-2)).toEqual([`1.${bin}.json`, '1.sibling.json']);
});
