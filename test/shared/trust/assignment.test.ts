// What a device goes on with, word by word, and which clock its assignment is judged by.
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { tufDate } from '../../../shared/metadata/fields.ts';
import { LIMITS } from '../../../shared/metadata/limits.ts';
import { memoryStore } from '../../../shared/trust/memory-store.ts';
import {
  targetFileName,
  verifyAssignment,
  type Verdict,
} from '../../../shared/trust/verify-assignment.ts';
import { NOON, targetFor, type Simulator } from '../../support/repository-simulator.ts';
import { grantOffline, signToCarry } from '../../support/offline-world.ts';
import { refusal } from '../../support/tuf-device.ts';
import { simulateUptane, type UptaneSimulator } from '../../support/uptane-simulator.ts';

const HOUR = 3_600_000;
const after = (hours: number): Date => new Date(NOON.getTime() + hours * HOUR);

async function assigned(): Promise<{ readonly fleet: UptaneSimulator; readonly path: string }> {
  const fleet = await simulateUptane();
  fleet.release('1.0.0');
  const path = fleet.release('1.1.0');
  fleet.assign(path);
  return { fleet, path };
}

test('a device learns which release it is, what it says, and where it stands', async () => {
  const { fleet, path } = await assigned();
  const [, bytes = Buffer.of()] = [...fleet.image.files.values()];

  expect(await fleet.device().verify()).toEqual({
    kind: 'release',
    serverTime: NOON,
    path,
    manifest: expect.objectContaining({ version: '1.1.0' }) as unknown,
    manifestSha256: sha256Hex(bytes),
    releaseCounter: 2,
  });
});

test('a device with nothing to do learns how late it is', async () => {
  const fleet = await simulateUptane();

  expect(await fleet.device().verify()).toEqual({ kind: 'nothing', serverTime: NOON });
});

test('a device of another product says which it is', async () => {
  const { fleet, path } = await assigned();

  await expect(fleet.device({ product: 'camera' }).verify()).rejects.toThrow(
    `${path} is not for a camera`,
  );
});

describe('a manifest', () => {
  async function padded(length: number): Promise<UptaneSimulator> {
    const { fleet, path } = await assigned();
    const [, honest = Buffer.of()] = [...fleet.image.files.values()];
    const bytes = Buffer.concat([honest, Buffer.alloc(length - honest.length, ' ')]);
    const role = fleet.image.delegated.get('gateway');
    const custom = role?.targets[path]?.custom;
    if (role === undefined || custom === undefined) throw new Error('bug: no release');
    const file = targetFor(bytes, custom);
    role.targets = { [path]: file };
    fleet.image.files.set(targetFileName(path, file), bytes);
    fleet.image.publish();
    fleet.assign(path);
    return fleet;
  }

  test('may be as long as the limit', async () => {
    const fleet = await padded(LIMITS.manifestBytes);

    await expect(fleet.device().verify()).resolves.toMatchObject({ kind: 'release' });
  });

  test('one byte longer is not even fetched', async () => {
    const fleet = await padded(LIMITS.manifestBytes + 1);
    const verify = fleet.device().verify();

    await expect(verify).rejects.toEqual(refusal('metadata_too_large'));
    await expect(verify).rejects.toThrow(
      `gateway/1.1.0/manifest.json is longer than ${LIMITS.manifestBytes} bytes`,
    );
    expect(fleet.image.fetched.filter((name) => name.startsWith('targets/'))).toEqual([]);
  });

  test.each([
    ['a/b/c.json', { sha256: 'aa', sha512: 'bb' }, 'targets/a/b/aa.c.json'],
    ['a/b/c.json', { sha512: 'bb' }, 'targets/a/b/bb.c.json'],
    ['c.json', { sha256: 'aa' }, 'targets/aa.c.json'],
  ])('%s with %j is kept as its hash says', (path, hashes, name) => {
    expect(targetFileName(path, { length: 1, hashes })).toBe(name);
  });
});

describe('the time that the director gives', () => {
  test('counts for the image too, where the clock of the device is behind', async () => {
    const { fleet, path } = await assigned();
    const { custom } = fleet.director.targets as { readonly custom?: object };
    fleet.director.targets['custom'] = { ...custom, serverTime: tufDate(after(2)) };
    fleet.director.publish();
    fleet.image.targets.expires = tufDate(after(3));
    fleet.image.publish();
    await expect(fleet.device().verify()).resolves.toMatchObject({ path });

    fleet.image.targets.expires = tufDate(after(2));
    fleet.image.publish();
    await expect(fleet.device().verify()).rejects.toEqual(refusal('metadata_expired'));
  });

  /** A device at which somebody stands with a bundle, or not. */
  function verify(fleet: UptaneSimulator, at: Date, isHandedOver?: boolean): Promise<Verdict> {
    const repository = (name: 'director' | 'image', { fetch, roots }: Simulator) => ({
      name,
      fetch,
      store: memoryStore(),
      firstRoot: roots[0] ?? new Uint8Array(),
      startedAt: at,
    });
    return verifyAssignment({
      director: repository('director', fleet.director),
      image: repository('image', fleet.image),
      asked: { deviceId: 'gw-1', nonce: undefined, isHandedOver },
      device: {
        hardwareId: 'rpi4',
        product: 'gateway',
        securityEpoch: 0,
        releaseCounter: 0,
        recalledReleases: [],
      },
    });
  }

  test('is when the daily files of a carried image were asked for, and of no other', async () => {
    const { fleet } = await assigned();
    fleet.director.root.expires = '2027-01-01T00:00:00Z';
    await grantOffline(fleet, 30);
    fleet.image.timestamp.expires = tufDate(after(24));
    fleet.image.snapshot.expires = tufDate(after(24));
    signToCarry(fleet, { at: NOON, days: 7 });
    await expect(verify(fleet, after(48), true)).resolves.toMatchObject({ kind: 'release' });

    signToCarry(fleet, { at: NOON, days: 7, offline: false });
    await expect(verify(fleet, after(23))).resolves.toMatchObject({ kind: 'release' });
    await expect(verify(fleet, after(48))).rejects.toEqual(refusal('metadata_expired'));
    await expect(verify(fleet, after(23), true)).rejects.toEqual(refusal('offline_not_granted'));
  });
});
