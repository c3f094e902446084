// A2, A3, A4: one key that pretends to be several.
import { expect, test } from 'vitest';
import { keyIdOf } from '../../shared/crypto/public-key.ts';
import { canonicalBytes } from '../../shared/metadata/canonical-json.ts';
import { RoleKeys } from '../../shared/metadata/fields.ts';
import { parseStrictJson } from '../../shared/metadata/strict-json.ts';
import { isDsseSignedBy, signDsse } from '../../shared/dsse.ts';
import { simulateRepository, type Simulator } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

async function withThreshold(threshold: number): Promise<Simulator> {
  const sim = await simulateRepository();
  sim.setKeys('timestamp', [testKey('one'), testKey('two'), testKey('three')], threshold);
  await sim.publishRoot();
  return sim;
}

test('two different keys meet a threshold of two', async () => {
  const sim = await withThreshold(2);
  sim.signers.set('timestamp', [testKey('one'), testKey('three')]);

  await expect(tufDevice(sim).refresh()).resolves.toBeDefined();
});

test('one key does not meet a threshold of two', async () => {
  const sim = await withThreshold(2);
  sim.signers.set('timestamp', [testKey('one')]);

  await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('threshold_not_met'));
});

test('the same signature nine times is malformed, not nine signatures', async () => {
  const sim = await withThreshold(2);
  sim.signers.set('timestamp', [testKey('one')]);
  sim.instead.set('timestamp.json', (honest) => {
    const file = parseStrictJson(honest ?? new Uint8Array()) as {
      signatures: unknown[];
      signed: unknown;
    };
    return canonicalBytes({ ...file, signatures: Array(9).fill(file.signatures[0]) });
  });

  await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('metadata_malformed'));
});

test('the same key under a second id is one key, and the id is not its own', async () => {
  const sim = await simulateRepository();
  const one = testKey('one');
  const disguised = { ...one, keyId: 'f'.repeat(64) };
  sim.setKeys('timestamp', [one, disguised], 2);
  await sim.publishRoot();

  await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('key_id_mismatch'));
});

test('the same key with an extra field has another id and is still one key', async () => {
  const sim = await simulateRepository();
  const { publicKey, sign } = testKey('one');
  const dressedUp = { ...publicKey, comment: 'another key, honestly' };
  const disguised = { keyId: keyIdOf(dressedUp), publicKey: dressedUp, sign };
  sim.setKeys('timestamp', [testKey('one'), disguised], 2);
  await sim.publishRoot();

  await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('threshold_not_met'));
});

test.each([0, -1])('a root that asks for a threshold of %s is malformed', async (threshold) => {
  const sim = await simulateRepository();
  const device = tufDevice(sim);
  await device.refresh();
  const before = device.disk();

  sim.setKeys('timestamp', [testKey('one')], threshold);
  await sim.publishRoot(); // signed by the real root key: a threshold of nothing is never meant

  await expect(device.refresh()).rejects.toEqual(refusal('metadata_malformed'));
  expect(device.disk()).toBe(before);
});

test.each(['1.5', '"1"', '1e400', 'null'])(
  'a threshold written as %s does not parse',
  (threshold) => {
    const text = `{"keyids":["a"],"threshold":${threshold}}`;

    expect(() => RoleKeys.parse(parseStrictJson(Buffer.from(text)))).toThrow();
    expect(RoleKeys.parse(parseStrictJson(Buffer.from('{"keyids":["a"],"threshold":1}')))).toEqual({
      keyids: ['a'],
      threshold: 1,
    });
  },
);

test('a DSSE envelope counts a key once, however often it signed', async () => {
  const one = testKey('one');
  const payload = Buffer.from('{}');
  const envelope = await signDsse('text/plain', payload, [one, one]);
  const keys = [one.publicKey, testKey('two').publicKey];

  expect(isDsseSignedBy(envelope, 'text/plain', keys, 1)).toBe(true);
  expect(isDsseSignedBy(envelope, 'text/plain', keys, 2)).toBe(false);
  expect(isDsseSignedBy(envelope, 'text/html', keys, 1)).toBe(false);
  const both = await signDsse('text/plain', payload, [one, testKey('two')]);
  expect(isDsseSignedBy(both, 'text/plain', keys, 2)).toBe(true);
});
