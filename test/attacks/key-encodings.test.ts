// A3: one private key is written down in several ways, each with an id of its own, and each "signs".
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyIdOf, PublicKeySchema, type PublicKey } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { isDsseSignedBy, signDsse } from '../../shared/dsse.ts';
import {
  keyOffTheCurve,
  keyOverItsOwnCurve,
  sameKeyAsPem,
} from '../shared/crypto/p256-encodings.ts';
import { simulateRepository, type Simulator } from '../support/repository-simulator.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

const holder = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const another = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const [FIRST = '', ...OTHERS] = Object.keys(sameKeyAsPem(holder.publicKey));

function p256Key(pem: string): PublicKey {
  return { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
}

function signerWith(pem: string, privateKey: KeyObject): Signer {
  const publicKey = p256Key(pem);
  const signWith = (bytes: Uint8Array): Uint8Array => sign('sha256', bytes, privateKey);
  return { keyId: keyIdOf(publicKey), publicKey, sign: signWith };
}

function holderAs(encoding: string): Signer {
  return signerWith(sameKeyAsPem(holder.publicKey)[encoding] ?? '', holder.privateKey);
}

function anotherAs(encoding: string): Signer {
  return signerWith(sameKeyAsPem(another.publicKey)[encoding] ?? '', another.privateKey);
}

async function timestampSignedBy(signers: readonly Signer[]): Promise<Simulator> {
  const sim = await simulateRepository();
  sim.setKeys('timestamp', signers, 2);
  await sim.publishRoot();
  return sim;
}

describe.each(OTHERS)('a P-256 key that is written %s', (encoding) => {
  test('counts once beside itself', async () => {
    const sim = await timestampSignedBy([holderAs(FIRST), holderAs(encoding)]);
    const device = tufDevice(sim);

    await expect(device.refresh()).rejects.toEqual(refusal('threshold_not_met'));
    expect(device.store.files.has('timestamp')).toBe(false);
  });

  test('counts beside the key of somebody else', async () => {
    const sim = await timestampSignedBy([holderAs(FIRST), anotherAs(encoding)]);

    await expect(tufDevice(sim).refresh()).resolves.toBeDefined();
  });

  test('counts once in a DSSE envelope', async () => {
    const payload = Buffer.from('{}');
    const one = [holderAs(FIRST), holderAs(encoding)];
    const two = [holderAs(FIRST), anotherAs(encoding)];
    const keysOf = (signers: readonly Signer[]): PublicKey[] =>
      signers.map(({ publicKey }) => publicKey);

    const alone = await signDsse('text/plain', payload, one);
    expect(isDsseSignedBy(alone, 'text/plain', keysOf(one), 2)).toBe(false);
    const both = await signDsse('text/plain', payload, two);
    expect(isDsseSignedBy(both, 'text/plain', keysOf(two), 2)).toBe(true);
  });
});

test('another encoding of the same online keys in a next root lets nobody forget a version', async () => {
  const sim = await simulateRepository();
  sim.setKeys('timestamp', [holderAs(FIRST)]);
  await sim.publishRoot();
  const device = tufDevice(sim);
  sim.timestamp.version = 7;
  await device.refresh();

  sim.setKeys('timestamp', [holderAs('by name, the point compressed')]);
  await sim.publishRoot();
  sim.timestamp.version = 6;

  await expect(device.refresh()).rejects.toEqual(refusal('version_rolled_back'));
});

test.each([
  ['over a curve of its own making', keyOverItsOwnCurve],
  ['off the curve', keyOffTheCurve],
])('a P-256 key %s is no key', async (_what, forge) => {
  const forged = forge(holder.publicKey);
  expect(PublicKeySchema.safeParse(p256Key(forged)).success).toBe(false);

  const sim = await simulateRepository();
  sim.setKeys('timestamp', [signerWith(forged, holder.privateKey)]);
  await sim.publishRoot();
  // A kind of key that we do not know may stand in a root (TUF 4.3), but it never counts.
  await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('threshold_not_met'));
});
