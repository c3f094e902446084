// A18: who may speak about a path is decided by the path's hash (TUF 4.5 prefixes, TAP 15 succinct
// roles), and nobody else is asked.
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { simulateRepository, targetFor, type Simulator } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

const good = targetFor(Buffer.from('good'));
const PATH = 'gateway/1.0.0/manifest.json';
const HASH = sha256Hex(Buffer.from(PATH));

describe('roles by hash prefix', () => {
  async function withPrefixes(prefixes: string[], change: object = {}): Promise<Simulator> {
    const sim = await simulateRepository();
    sim.delegate('bin', [], [testKey('bin')]);
    const { keys = {}, roles = [] } = sim.targets.delegations ?? {};
    const hashed = { paths: undefined, path_hash_prefixes: prefixes, ...change };
    sim.targets.delegations = { keys, roles: roles.map((role) => ({ ...role, ...hashed })) };
    const bin = sim.delegated.get('bin');
    if (bin !== undefined) bin.targets = { [PATH]: good };
    return sim;
  }

  test.each([[HASH.slice(0, 1)], [HASH.slice(0, 4)], [HASH]])(
    'a role speaks about a path whose hash begins with %s',
    async (prefix) => {
      expect(await tufDevice(await withPrefixes(['ffff', prefix])).find(PATH)).toMatchObject(good);
    },
  );

  test('a role is not even fetched for a path outside its prefixes', async () => {
    const other = HASH.startsWith('0') ? '1' : '0';
    const sim = await withPrefixes([
      other,
      `${HASH.slice(0, 3)}${HASH.startsWith('0', 3) ? '1' : '0'}`,
    ]);

    expect(await tufDevice(sim).find(PATH)).toBeUndefined();
    expect(sim.fetched).not.toContain('1.bin.json');
  });

  test.each([
    ['prefixes in capitals', { path_hash_prefixes: ['AB'] }],
    ['an empty prefix, which would be everything', { path_hash_prefixes: [''] }],
    ['prefixes and paths at once', { paths: ['*'] }],
    ['neither prefixes nor paths', { path_hash_prefixes: undefined }],
  ])('%s are malformed', async (_what, change) => {
    const sim = await withPrefixes(['ab'], change);

    await expect(tufDevice(sim).find(PATH)).rejects.toEqual(refusal('metadata_malformed'));
  });
});

describe('succinct roles', () => {
  const nameOf = (bits: number): string => {
    const bin = Number.parseInt(HASH.slice(0, 8), 16) >>> (32 - bits);
    return `bin-${bin.toString(16).padStart(Math.ceil(bits / 4), '0')}`;
  };

  async function succinct(bits: number, change: object = {}): Promise<Simulator> {
    const sim = await simulateRepository();
    const { keyId, publicKey } = testKey('bins');
    const roles = {
      keyids: [keyId],
      threshold: 1,
      bit_length: bits,
      name_prefix: 'bin',
      ...change,
    };
    sim.targets.delegations = { keys: { [keyId]: publicKey }, succinct_roles: roles };
    const { spec_version, expires } = sim.targets;
    const bin = { _type: 'targets' as const, spec_version, version: 1, expires };
    sim.delegated.set(nameOf(bits), { ...bin, targets: { [PATH]: good } });
    sim.signers.set(nameOf(bits), [testKey('bins')]);
    return sim;
  }

  test.each([1, 2, 4, 5, 8, 16, 31, 32])(
    'of %s bits: the one bin of a path speaks',
    async (bits) => {
      const sim = await succinct(bits);

      expect(await tufDevice(sim).find(PATH)).toMatchObject(good);
      expect(sim.fetched).toContain(`1.${nameOf(bits)}.json`);
    },
  );

  test('another bin is not asked about it', async () => {
    const sim = await succinct(8);
    const role = sim.delegated.get(nameOf(8));
    sim.delegated.clear();
    if (role !== undefined) sim.delegated.set('bin-zz', role);

    expect(await tufDevice(sim).find(PATH)).toBeUndefined();
  });

  test('a bin that another key has signed is refused', async () => {
    const sim = await succinct(8);
    sim.signers.set(nameOf(8), [testKey('mallory')]);

    await expect(tufDevice(sim).find(PATH)).rejects.toEqual(refusal('threshold_not_met'));
  });

  test.each([
    ['of no bits', { bit_length: 0 }],
    ['of 33 bits', { bit_length: 33 }],
    ['of half a bit', { bit_length: '8' }],
    ['without a name', { name_prefix: '' }],
    ['with a threshold of zero', { threshold: 0 }],
  ])('%s are malformed', async (_what, change) => {
    const sim = await succinct(8, change);

    await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('metadata_malformed'));
  });

  test('beside named roles are malformed: which of the two counts is nobody’s choice', async () => {
    const sim = await succinct(8);
    const before = sim.targets.delegations;
    sim.targets.delegations = { keys: before?.keys ?? {}, ...before, roles: [] };

    await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('metadata_malformed'));
  });
});
