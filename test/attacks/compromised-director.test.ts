// A6, A9, A20-A23: whoever holds the server's keys chooses among genuine releases, and no further.
import { describe, expect, test } from 'vitest';
import { targetFor } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal } from '../support/tuf-device.ts';
import { simulateUptane, testManifest } from '../support/uptane-simulator.ts';
import { manifestBytes } from '../../shared/release/manifest.ts';

test('a device goes on with what author and director both say', async () => {
  const fleet = await simulateUptane();
  fleet.assign(fleet.release('1.0.0'));

  expect(await fleet.device().verify()).toMatchObject({
    kind: 'release',
    path: 'gateway/1.0.0/manifest.json',
    manifest: { version: '1.0.0', securityEpoch: 1 },
  });
});

test('a device to which nothing is assigned has nothing to do', async () => {
  const fleet = await simulateUptane();

  expect(await fleet.device().verify()).toMatchObject({ kind: 'nothing' });
});

/** What the author says of the first release. */
const SIGNED = { securityEpoch: 1, hardwareIds: ['rpi3', 'rpi4'], releaseCounter: 1 };

describe('a director in the hands of an attacker', () => {
  test('cannot make a release: no author has signed it', async () => {
    const fleet = await simulateUptane();
    const evil = manifestBytes(testManifest('6.6.6'));
    fleet.director.targets.targets = {
      'gateway/6.6.6/manifest.json': targetFor(evil, {
        mustMatch: { securityEpoch: 1, hardwareIds: ['rpi4'] },
      }),
    };
    fleet.director.publish();

    await expect(fleet.device().verify()).rejects.toEqual(refusal('release_not_signed'));
  });

  test('cannot sign the product role with the keys of the server', async () => {
    const fleet = await simulateUptane();
    fleet.image.signers.set('gateway', [testKey('snapshot'), testKey('director targets')]);
    fleet.assign(fleet.release('6.6.6'));

    await expect(fleet.device().verify()).rejects.toEqual(refusal('threshold_not_met'));
  });

  test.each([
    ['length', { length: 1 }],
    ['hash', { hashes: { sha256: 'e'.repeat(64) } }],
    ['epoch', { custom: { mustMatch: { ...SIGNED, securityEpoch: 9 } } }],
    ['boards', { custom: { mustMatch: { ...SIGNED, hardwareIds: ['rpi4'] } } }],
    ['counter', { custom: { mustMatch: { ...SIGNED, releaseCounter: 9 } } }],
  ])('cannot say another %s than the author', async (_what, change) => {
    const fleet = await simulateUptane();
    const path = fleet.release('1.0.0');
    fleet.assign(path);
    const honest = fleet.director.targets.targets[path];
    if (honest !== undefined) fleet.director.targets.targets = { [path]: { ...honest, ...change } };
    fleet.director.publish();

    await expect(fleet.device().verify()).rejects.toEqual(refusal('target_mismatch'));
  });

  test('cannot send a device back below the epoch it has committed', async () => {
    const fleet = await simulateUptane();
    fleet.assign(fleet.release('1.0.0', { securityEpoch: 3 }));

    await expect(fleet.device({ securityEpoch: 4 }).verify()).rejects.toEqual(
      refusal('security_epoch_rolled_back'),
    );
    await expect(fleet.device({ securityEpoch: 3 }).verify()).resolves.toMatchObject({
      kind: 'release',
    });
  });

  test('cannot send a release to another board', async () => {
    const fleet = await simulateUptane();
    fleet.assign(fleet.release('1.0.0', { hardwareIds: ['rpi5'] }));

    await expect(fleet.device().verify()).rejects.toEqual(refusal('hardware_mismatch'));
    await expect(fleet.device({ hardwareId: 'rpi5' }).verify()).resolves.toMatchObject({
      kind: 'release',
    });
  });

  test('cannot send one product to another, though the board is the same', async () => {
    const fleet = await simulateUptane();
    fleet.assign(fleet.release('1.0.0'));

    await expect(fleet.device({ product: 'camera' }).verify()).rejects.toEqual(
      refusal('hardware_mismatch'),
    );
  });

  test.each([true, false])(
    "cannot replay one device's files to another (empty: %s)",
    async (empty) => {
      const fleet = await simulateUptane();
      fleet.assign(empty ? undefined : fleet.release('1.0.0'));

      await expect(fleet.device({ deviceId: 'gw-2' }).verify()).rejects.toEqual(
        refusal('wrong_device'),
      );
    },
  );

  test("cannot lock a device out by another one's newer files", async () => {
    const fleet = await simulateUptane();
    const { timestamp, snapshot, targets } = fleet.director;
    fleet.assign(fleet.release('1.0.0'));
    const device = fleet.device();
    await device.verify();
    const own = targets['custom'];

    for (const role of [timestamp, snapshot, targets]) role.version += 100;
    targets['custom'] = { deviceId: 'gw-2', serverTime: '2026-01-01T00:00:00Z' };
    await expect(device.verify()).rejects.toEqual(refusal('wrong_device'));

    for (const role of [timestamp, snapshot, targets]) role.version -= 99;
    targets['custom'] = own;
    expect(await device.verify()).toMatchObject({ kind: 'release' });
  });

  test('cannot leave out whom it speaks to', async () => {
    const fleet = await simulateUptane();
    delete fleet.director.targets['custom'];
    fleet.director.publish();

    await expect(fleet.device().verify()).rejects.toEqual(refusal('metadata_malformed'));
  });

  test('cannot assign two releases at once', async () => {
    const fleet = await simulateUptane();
    fleet.assign(fleet.release('1.0.0'));
    const other = fleet.release('2.0.0');
    const signed = fleet.image.delegated.get('gateway')?.targets[other];
    if (signed === undefined) throw new Error('bug: no release');
    fleet.director.targets.targets = { ...fleet.director.targets.targets, [other]: signed };
    fleet.director.publish();

    await expect(fleet.device().verify()).rejects.toEqual(refusal('assignment_ambiguous'));
  });

  test('cannot delegate', async () => {
    const fleet = await simulateUptane();
    fleet.director.delegate('helper', ['*'], [testKey('mallory')]);
    fleet.director.publish();

    await expect(fleet.device().verify()).rejects.toEqual(refusal('director_delegates'));
  });

  test('cannot answer an old question: the nonce must come back', async () => {
    const fleet = await simulateUptane();
    await expect(fleet.device({ nonce: 'fresh-nonce' }).verify()).rejects.toEqual(
      refusal('nonce_mismatch'),
    );

    const custom = fleet.director.targets['custom'] as object;
    fleet.director.targets['custom'] = { ...custom, nonce: 'fresh-nonce' };
    fleet.director.publish();
    await expect(fleet.device({ nonce: 'fresh-nonce' }).verify()).resolves.toMatchObject({
      kind: 'nothing',
    });
    // A device with a clock asks no question, and an answer to one is no worse for it.
    await expect(fleet.device().verify()).resolves.toMatchObject({ kind: 'nothing' });
  });

  test('cannot push the clock past what its offline root vouches for', async () => {
    const fleet = await simulateUptane();
    const say = (serverTime: string): void => {
      fleet.director.targets['custom'] = { deviceId: 'gw-1', serverTime };
      fleet.director.publish();
    };
    say('2099-01-01T00:00:00Z');
    await expect(fleet.device().verify()).rejects.toEqual(refusal('clock_untrusted'));

    say('2026-06-07T23:59:59Z');
    await expect(fleet.device().verify()).resolves.toMatchObject({ kind: 'nothing' });
  });
});

describe('a manifest that does not match what vouches for it', () => {
  test.each([
    ['another product', { product: 'camera' }, 'manifest_mismatched'],
    ['another version', { version: '9.9.9' }, 'manifest_mismatched'],
    ['an unknown condition', { conditions: { moonPhase: 'full' } }, 'condition_unsupported'],
    ['an unknown schema', { schema: 'sealift.manifest/9' as never }, 'manifest_malformed'],
    ['no artifact', { artifacts: [] }, 'manifest_malformed'],
  ] as const)('is refused: %s', async (_what, change, code) => {
    const fleet = await simulateUptane();
    fleet.assign(fleet.release('1.0.0', change as object));

    await expect(fleet.device().verify()).rejects.toEqual(refusal(code));
  });

  test('is refused when its bytes were changed on the way', async () => {
    const fleet = await simulateUptane();
    fleet.assign(fleet.release('1.0.0'));
    for (const [name, bytes] of fleet.image.files) {
      fleet.image.files.set(name, Buffer.from(String(bytes).replace('functional', 'recovery  ')));
    }

    await expect(fleet.device().verify()).rejects.toEqual(refusal('manifest_hash_mismatch'));
  });

  test('is accepted with a condition that this agent knows', async () => {
    const fleet = await simulateUptane();
    const conditions = { window: { from: '22:00', to: '04:00' } };
    fleet.assign(fleet.release('1.0.0', { conditions }));

    await expect(fleet.device().verify()).resolves.toMatchObject({ kind: 'release' });
  });
});
