import { expect, test } from 'vitest';
import { bundleBytes } from '../../../shared/protocol/bundle.ts';
import { directorFiles, type Word } from '../../../server/director/director-files.ts';
import { publicKeysOf } from '../../../server/keys/online-keys.ts';
import { directorRootText } from '../../support/authority.ts';
import { SERVER_KEYS } from '../../support/publishing.ts';
import { toldDevice, type ToldDevice } from '../../support/told-device.ts';

const noon = new Date('2026-06-01T12:00:00Z');
const later = (milliseconds: number): Date => new Date(noon.getTime() + milliseconds);
const DAY = 86_400_000;
const target = {
  path: 'gateway/1.0.0/manifest.json',
  file: {
    length: 7,
    hashes: { sha256: 'a'.repeat(64) },
    custom: { mustMatch: { securityEpoch: 1, hardwareIds: ['rpi4'], releaseCounter: 1 } },
  },
};

async function bundle(change: Partial<Word> = {}): Promise<Uint8Array> {
  const word = { deviceId: 'd1', version: 1, target: undefined, now: noon, ...change };
  return bundleBytes(await directorFiles(word, SERVER_KEYS.director));
}

async function device(id = 'd1'): Promise<ToldDevice> {
  return toldDevice(id, Buffer.from(await directorRootText(publicKeysOf(SERVER_KEYS))));
}

test('a device is told exactly one release, and the time', async () => {
  const word = await (await device()).hear(await bundle({ target }), noon);

  expect(word).toMatchObject({ target, serverTime: noon });
});

test('"nothing for you" is signed for one device as well', async () => {
  expect((await (await device()).hear(await bundle(), noon)).target).toBeUndefined();
  await expect((await device('d2')).hear(await bundle(), noon)).rejects.toMatchObject({
    code: 'wrong_device',
  });
});

test('a nonce comes back inside what is signed', async () => {
  const told = await device();

  await told.hear(await bundle({ nonce: 'nonce-123' }), noon, 'nonce-123');
  await expect(told.hear(await bundle({ version: 2 }), noon, 'nonce-456')).rejects.toMatchObject({
    code: 'nonce_mismatch',
  });
});

test('a word holds for a day, and not a second longer', async () => {
  await (await device()).hear(await bundle(), later(DAY - 1_000));

  await expect((await device()).hear(await bundle(), later(DAY))).rejects.toMatchObject({
    code: 'metadata_expired',
  });
});

test('an earlier word is no longer believed after a later one', async () => {
  const told = await device();
  await told.hear(await bundle({ version: 2, target }), noon);

  await expect(told.hear(await bundle({ version: 1 }), noon)).rejects.toMatchObject({
    code: 'version_rolled_back',
  });
});

test('the same word again gives the same bytes', async () => {
  expect(await bundle({ target })).toEqual(await bundle({ target }));
});
