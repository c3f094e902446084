// Repositories of others use more of TUF than ours: the strict profile refuses what the other reads.
import { describe, expect, test } from 'vitest';
import { TUF_PROFILE } from '../../shared/trust/foreign-profile.ts';
import { SEALIFT_PROFILE } from '../../shared/trust/profile.ts';
import { FOREIGN_KINDS, foreignSigner, underAnotherId } from '../support/foreign-signer.ts';
import { simulateRepository, type Simulator } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal, tufDevice } from '../support/tuf-device.ts';

describe.each(FOREIGN_KINDS)('a repository whose timestamp key is %s', (kind) => {
  test('is verified as somebody else’s', async () => {
    const sim = await simulateRepository();
    sim.setKeys('timestamp', [foreignSigner(kind)]);
    await sim.publishRoot();

    await expect(tufDevice(sim, TUF_PROFILE).refresh()).resolves.toMatchObject({
      root: { version: 2 },
    });
  });

  test('is refused with a signature by another key of the same kind', async () => {
    const sim = await simulateRepository();
    const [right, wrong] = [foreignSigner(kind), foreignSigner(kind)];
    sim.setKeys('timestamp', [right]);
    sim.signers.set('timestamp', [{ ...wrong, keyId: right.keyId }]);
    await sim.publishRoot();

    await expect(tufDevice(sim, TUF_PROFILE).refresh()).rejects.toEqual(
      refusal('threshold_not_met'),
    );
  });
});

test.each(['ecdsa pem', 'ecdsa-sha2-nistp256 pem'] as const)(
  'a key of kind %s, as hardware signers have it, counts in our own repository',
  async (kind) => {
    const sim = await simulateRepository();
    sim.setKeys('timestamp', [foreignSigner(kind)]);
    await sim.publishRoot();

    await expect(tufDevice(sim).refresh()).resolves.toMatchObject({ root: { version: 2 } });
  },
);

test.each(['rsa', 'ecdsa-sha2-nistp256 hex'] as const)(
  'a key of kind %s does not count in our own repository',
  async (kind) => {
    const sim = await simulateRepository();
    sim.setKeys('timestamp', [foreignSigner(kind)]);
    await sim.publishRoot();

    await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('threshold_not_met'));
  },
);

test('a delegated role of others may have an RSA key', async () => {
  const sim = await simulateRepository();
  sim.delegate('role', ['*'], [foreignSigner('rsa')]);

  await expect(tufDevice(sim, TUF_PROFILE).find('file')).resolves.toBeUndefined();
  await expect(tufDevice(sim).find('file')).rejects.toEqual(refusal('threshold_not_met'));
});

test('a keyid of others need not be the hash of its key, ours must', async () => {
  const sim = await simulateRepository();
  sim.setKeys('timestamp', [underAnotherId(testKey('timestamp'))]);
  await sim.publishRoot();

  await expect(tufDevice(sim, TUF_PROFILE).refresh()).resolves.toBeDefined();
  await expect(tufDevice(sim).refresh()).rejects.toEqual(refusal('key_id_mismatch'));
});

test('one key under two ids is one key, also for others', async () => {
  const sim = await simulateRepository();
  const one = testKey('one');
  sim.setKeys('timestamp', [one, underAnotherId(one)], 2);
  await sim.publishRoot();

  await expect(tufDevice(sim, TUF_PROFILE).refresh()).rejects.toEqual(refusal('threshold_not_met'));
  sim.setKeys('timestamp', [one, underAnotherId(testKey('two'))], 2);
  await sim.publishRoot();
  await expect(tufDevice(sim, TUF_PROFILE).refresh()).resolves.toBeDefined();
});

describe('the same version of a snapshot over other content', () => {
  async function signedTwice(): Promise<Simulator> {
    const sim = await simulateRepository();
    sim.timestamp.version += 1;
    sim.snapshot.expires = '2026-06-09T00:00:00Z';
    return sim;
  }

  test('is refused of ours, and read of others, whose rules allow it', async () => {
    for (const profile of [SEALIFT_PROFILE, TUF_PROFILE]) {
      const before = await simulateRepository();
      const device = tufDevice(before, profile);
      await device.refresh();
      const after = await signedTwice();
      Object.assign(before, { timestamp: after.timestamp, snapshot: after.snapshot });

      const refreshed = device.refresh();
      if (profile === SEALIFT_PROFILE)
        await expect(refreshed).rejects.toEqual(refusal('version_reused'));
      else await expect(refreshed).resolves.toBeDefined();
    }
  });

  test('is no way back for others either', async () => {
    const sim = await simulateRepository();
    sim.publish();
    const device = tufDevice(sim, TUF_PROFILE);
    await device.refresh();
    sim.timestamp.version += 1;
    sim.snapshot.version = 1;

    await expect(device.refresh()).rejects.toEqual(refusal('version_rolled_back'));
  });
});
