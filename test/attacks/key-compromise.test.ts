// A27: who holds which key can do what (SECURITY.md, "Key compromise"): each row hands the attacker
// exactly those keys and shows what still cannot be done.
import { describe, expect, test } from 'vitest';
import { testKey } from '../support/test-key.ts';
import { refusal } from '../support/tuf-device.ts';
import { simulateUptane, type UptaneSimulator } from '../support/uptane-simulator.ts';

const SERVER_KEYS = [
  'timestamp',
  'snapshot',
  'director timestamp',
  'director snapshot',
  'director targets',
].map(testKey);

/** An attacker who can serve anything, and signs the product role with what he has. */
async function forge(keys: readonly ReturnType<typeof testKey>[]): Promise<UptaneSimulator> {
  const fleet = await simulateUptane();
  await fleet.device().verify();
  fleet.image.signers.set('gateway', keys);
  fleet.assign(fleet.release('6.6.6'));
  return fleet;
}

test('the network alone cannot make a device install anything', async () => {
  const fleet = await simulateUptane();
  fleet.director.signers.set('timestamp', []);
  fleet.assign(fleet.release('6.6.6'));

  await expect(fleet.device().verify()).rejects.toEqual(refusal('threshold_not_met'));
});

test("all of the server's keys together cannot make a release", async () => {
  const fleet = await forge(SERVER_KEYS);

  await expect(fleet.device().verify()).rejects.toEqual(refusal('threshold_not_met'));
});

test("all of the server's keys cannot replace the product key either: that takes the targets key", async () => {
  const fleet = await simulateUptane();
  fleet.image.targets.delegations = { keys: {}, roles: [] };
  fleet.image.delegate('gateway', ['gateway/*/*'], [testKey('mallory')]);
  fleet.image.signers.set('targets', SERVER_KEYS);
  fleet.assign(fleet.release('6.6.6'));

  await expect(fleet.device().verify()).rejects.toEqual(refusal('threshold_not_met'));
});

describe('a product that needs two of its three keys', () => {
  async function twoOfThree(signers: readonly string[]): Promise<UptaneSimulator> {
    const fleet = await simulateUptane();
    const keys = ['one', 'two', 'three'].map(testKey);
    fleet.image.targets.delegations = { keys: {}, roles: [] };
    fleet.image.delegate('gateway', ['gateway/*/*'], keys);
    const [role] = fleet.image.targets.delegations.roles ?? [];
    if (role === undefined) throw new Error('bug: no delegation');
    fleet.image.targets.delegations.roles = [{ ...role, threshold: 2 }];
    fleet.image.signers.set('gateway', signers.map(testKey));
    fleet.assign(fleet.release('2.0.0'));
    return fleet;
  }

  test('is safe from one stolen key, also with every key of the server', async () => {
    const fleet = await twoOfThree(['one']);

    await expect(fleet.device().verify()).rejects.toEqual(refusal('threshold_not_met'));
  });

  test('accepts two of its holders', async () => {
    const fleet = await twoOfThree(['one', 'three']);

    await expect(fleet.device().verify()).resolves.toMatchObject({ kind: 'release' });
  });
});

test("a product's threshold without the director reaches no device", async () => {
  const fleet = await simulateUptane();
  fleet.assign(fleet.release('1.0.0'));
  fleet.release('6.6.6'); // signed with the stolen product key

  await expect(fleet.device().verify()).resolves.toMatchObject({ manifest: { version: '1.0.0' } });
});

test('product and server together still cannot touch another product', async () => {
  const fleet = await simulateUptane();
  fleet.image.delegate('camera', ['camera/*/*'], [testKey('camera author')]);
  fleet.image.signers.set('camera', [testKey('gateway author'), ...SERVER_KEYS]);
  const gateway = fleet.release('6.6.6');
  const signed = fleet.image.delegated.get('gateway')?.targets[gateway];
  if (signed === undefined) throw new Error('bug: no release');
  const role = fleet.image.delegated.get('camera');
  if (role !== undefined) role.targets = { 'camera/6.6.6/manifest.json': signed };
  fleet.director.targets.targets = { 'camera/6.6.6/manifest.json': signed };
  fleet.director.publish();

  await expect(fleet.device({ product: 'camera' }).verify()).rejects.toEqual(
    refusal('threshold_not_met'),
  );
});
