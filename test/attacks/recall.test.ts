// A recall is the author's signed word in the product's role. The server can neither make one nor,
// once a device has seen it, take it back; it can hide one until its metadata expires (freeze).
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../shared/crypto/digest.ts';
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

/** `1.1.0` is assigned, and recalled in favour of `1.0.0`. */
async function recalled(): Promise<{
  readonly fleet: UptaneSimulator;
  readonly bad: string;
  readonly good: string;
}> {
  const fleet = await simulateUptane();
  const good = fleet.release('1.0.0');
  const bad = fleet.release('1.1.0');
  fleet.recall(bad, '1.0.0');
  fleet.assign(bad);
  return { fleet, bad, good };
}

describe('a recalled release', () => {
  test('is refused, though both repositories name it and its signatures hold', async () => {
    const { fleet } = await recalled();

    await expect(fleet.device().verify()).rejects.toEqual(refusal('release_recalled'));
  });

  test('is refused with the reason that its author gave', async () => {
    const { fleet } = await recalled();

    await expect(fleet.device().verify()).rejects.toThrow('it eats the flash');
  });

  test('leaves the way open to where the author sends the devices', async () => {
    const { fleet, good } = await recalled();
    fleet.assign(good);

    // The device had committed the bad release, number 2: the recall counted the good one up to 3.
    await expect(fleet.device({ releaseCounter: 2 }).verify()).resolves.toMatchObject({
      manifest: { version: '1.0.0' },
      releaseCounter: 3,
    });
  });

  test('does not spoil a release that only names it as the place to go', async () => {
    const { fleet, good } = await recalled();
    fleet.assign(good);

    await expect(fleet.device().verify()).resolves.toMatchObject({ kind: 'release' });
  });

  test('stays refused when the server plays back the role from before the recall', async () => {
    const fleet = await simulateUptane();
    const bad = fleet.release('1.1.0');
    fleet.assign(bad);
    const before = await fleet.image.fetch(`${fleet.image.targets.version}.gateway.json`, 1e6);
    const device = fleet.device();
    fleet.recall(bad);
    fleet.assign(bad);
    await expect(device.verify()).rejects.toEqual(refusal('release_recalled'));
    fleet.image.publish();
    const role = fleet.image.delegated.get('gateway');
    fleet.image.instead.set(`${role?.version ?? 0}.gateway.json`, () => before);

    await expect(device.verify()).rejects.toEqual(refusal('metadata_mismatched'));
  });

  test('stays refused by what the device remembers, when its metadata was lost with its floors', async () => {
    const fleet = await simulateUptane();
    const path = fleet.release('1.1.0');
    fleet.assign(path);
    const manifestSha256 = fleet.image.delegated.get('gateway')?.targets[path]?.hashes.sha256 ?? '';

    await expect(fleet.device({ recalledReleases: [manifestSha256] }).verify()).rejects.toEqual(
      refusal('release_recalled'),
    );
    await expect(
      fleet.device({ recalledReleases: [sha256Hex(Buffer.from('another'))] }).verify(),
    ).resolves.toMatchObject({ kind: 'release' });
  });
});

describe("a server in the hands of an attacker, with every key of the server's", () => {
  test('cannot recall a release: that takes the key of the product', async () => {
    const fleet = await simulateUptane();
    const path = fleet.release('1.0.0');
    fleet.assign(path);
    fleet.image.signers.set('gateway', SERVER_KEYS);
    fleet.recall(path);

    await expect(fleet.device().verify()).rejects.toEqual(refusal('threshold_not_met'));
  });

  test('cannot recall it in its own word either: only the author is asked', async () => {
    const fleet = await simulateUptane();
    const path = fleet.release('1.0.0');
    fleet.assign(path);
    const honest = fleet.director.targets.targets[path];
    const recall = { at: '2026-06-01T12:00:00Z', reason: 'because I say so' };
    if (honest !== undefined) {
      fleet.director.targets.targets = {
        [path]: { ...honest, custom: { ...honest.custom, recall } },
      };
    }
    fleet.director.publish();

    await expect(fleet.device().verify()).resolves.toMatchObject({ kind: 'release' });
  });

  test('can hide a recall from a device that has not seen it, until its timestamp expires', async () => {
    const fleet = await simulateUptane();
    const path = fleet.release('1.0.0');
    fleet.assign(path);
    const device = fleet.device();
    await device.verify();
    const frozen = await fleet.image.fetch('timestamp.json', 1e6);
    fleet.recall(path);
    fleet.image.instead.set('timestamp.json', () => frozen);

    await expect(device.verify()).resolves.toMatchObject({ kind: 'release' });
    await expect(device.verify(new Date(fleet.image.timestamp.expires))).rejects.toEqual(
      refusal('metadata_expired'),
    );
  });
});

describe('a recall that nobody can read', () => {
  test.each([
    ['without a reason', { at: '2026-06-01T12:00:00Z' }],
    ['with an empty reason', { at: '2026-06-01T12:00:00Z', reason: '' }],
    ['with an endless reason', { at: '2026-06-01T12:00:00Z', reason: 'x'.repeat(501) }],
    ['on a day that does not exist', { at: '2026-02-30T12:00:00Z', reason: 'it burns' }],
    ['that leads out of the product', { at: '2026-06-01T12:00:00Z', reason: 'x', moveTo: '../x' }],
    ['that is a word', 'yes'],
    ['that is null', null],
  ])('%s refuses the release all the same', async (_what, recall) => {
    const fleet = await simulateUptane();
    const path = fleet.release('1.0.0');
    fleet.assign(path);
    const role = fleet.image.delegated.get('gateway');
    const signed = role?.targets[path];
    if (role === undefined || signed === undefined) throw new Error('bug: no release');
    role.targets = { [path]: { ...signed, custom: { ...signed.custom, recall } } };
    fleet.image.publish();

    await expect(fleet.device().verify()).rejects.toEqual(refusal('metadata_malformed'));
  });
});
