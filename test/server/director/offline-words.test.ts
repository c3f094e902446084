import { beforeEach, describe, expect, test } from 'vitest';
import { acceptDirectorTargets } from '../../../shared/trust/director.ts';
import { memoryStore } from '../../../shared/trust/memory-store.ts';
import { refresh } from '../../../shared/trust/refresh.ts';
import { BundleSchema, bundleAsFetch } from '../../../shared/protocol/bundle.ts';
import {
  directorRootText,
  imageRootText,
  imageTargetsText,
  productTargetsText,
} from '../../support/authority.ts';
import { publishByHttp } from '../../support/publish-by-http.ts';
import { onlineKeys, testApp, TEST_NOON, type TestApp } from '../../support/test-app.ts';
import { enrolledDevice } from '../../support/test-device.ts';
import { testRelease } from '../../support/test-release.ts';

const DAY = 86_400_000;
const GRANT = { 'x-sealift': { offline: { maxDays: 30 } } };

let app: TestApp;
let root: string;

/** A server with one product and one release, under a director root with this more. */
async function founded(change: object): Promise<void> {
  app = await testApp();
  const online = await onlineKeys(app);
  root = await directorRootText(online, { change });
  const json = {
    imageRoot: await imageRootText(online),
    imageTargets: await imageTargetsText(1, []),
    directorRoot: root,
  };
  expect((await app.ask('/api/v1/trust', { method: 'POST', json })).status).toBe(201);
  const product = {
    product: 'gateway',
    hardwareIds: ['rpi4'],
    imageTargets: await imageTargetsText(2, ['gateway']),
    role: await productTargetsText('gateway', 1, []),
  };
  await app.ask('/api/v1/products', { method: 'POST', json: product });
  expect((await publishByHttp(app, await testRelease('1.0.0'))).status).toBe(201);
}

beforeEach(() => founded(GRANT));

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly validUntil: string;
  readonly words: readonly { readonly device: string; readonly bundle: string }[];
}

async function carry(change: object = {}, token?: string): Promise<Answer> {
  const json = { product: 'gateway', version: '1.0.0', devices: ['d1'], validDays: 30, ...change };
  const wish = { method: 'POST', json, ...(token !== undefined && { token }) };
  const answer = await app.ask('/api/v1/offline-words', wish);
  return { ...((await answer.json()) as Omit<Answer, 'status'>), status: answer.status };
}

/** The version of what a device is told, verified as the device would. */
async function hear(bundle: string, deviceId = 'd1', isHandedOver = true): Promise<number> {
  const { targets, root: trusted } = await refresh({
    name: 'director',
    fetch: bundleAsFetch(BundleSchema.parse(JSON.parse(bundle))),
    store: memoryStore(),
    firstRoot: Buffer.from(root),
    startedAt: TEST_NOON,
  });
  acceptDirectorTargets(targets, trusted, { deviceId, nonce: undefined, isHandedOver });
  return targets.version;
}

describe('words to be carried', () => {
  test('are signed for devices that were never here, each for its own', async () => {
    const { status, words, validUntil } = await carry({ devices: ['d1', 'd2'] });

    expect(status).toBe(200);
    expect(validUntil).toBe(new Date(TEST_NOON.getTime() + 30 * DAY).toISOString());
    expect(words.map(({ device }) => device)).toEqual(['d1', 'd2']);
    expect(await hear(words[0]?.bundle ?? '')).toBe(1);
    await expect(hear(words[1]?.bundle ?? '')).rejects.toMatchObject({ code: 'wrong_device' });
    await expect(hear(words[0]?.bundle ?? '', 'd1', false)).rejects.toMatchObject({
      code: 'offline_word_online',
    });
  });

  test('count up together with what goes over the network', async () => {
    const { words: first } = await carry();
    const device = await enrolledDevice(app, 'd1');
    const token = await device.tokenAt(TEST_NOON);
    const poll = async (): Promise<string> =>
      (await app.ask('/device/v1/assignment', { token })).text();

    expect(await hear(first[0]?.bundle ?? '')).toBe(1);
    expect(await hear(await poll(), 'd1', false)).toBe(2);
    expect(await hear((await carry()).words[0]?.bundle ?? '')).toBe(3);
    expect(await hear(await poll(), 'd1', false)).toBe(4);
  });

  test('change nothing of what the device is told over the network', async () => {
    const device = await enrolledDevice(app, 'd1');
    await carry();
    const { db } = app.ground;
    const row = await db.selectFrom('devices').selectAll().executeTakeFirstOrThrow();

    expect(row).toMatchObject({ id: device.id, desired_manifest_sha256: null, rollout: null });
  });

  test('hold no longer than the director root allows, and not without its leave', async () => {
    expect(await carry({ validDays: 31 })).toMatchObject({
      status: 422,
      code: 'offline_not_granted',
    });
    expect(await carry({ validDays: 1 })).toMatchObject({ status: 200 });
    await founded({});
    expect(await carry({ validDays: 1 })).toMatchObject({
      status: 422,
      code: 'offline_not_granted',
    });
  });

  test('never outlive the root that allows them', async () => {
    await founded({ ...GRANT, expires: '2026-06-11T12:00:00Z' });

    expect(await carry()).toMatchObject({ validUntil: '2026-06-11T12:00:00.000Z' });
  });

  test.each([
    ['of another product', { product: 'sensor' }, 409],
    ['with another board', { hardware_id: 'x86' }, 409],
    ['that is retired', { state: 'retired' as const }, 409],
    ['that is still pending', { state: 'pending' as const }, 200],
  ])('for a known device %s: %s -> %s', async (_what, change, status) => {
    await enrolledDevice(app, 'd1', change);

    expect(await carry()).toMatchObject(
      status === 409 ? { status, code: 'device_unfit' } : { status },
    );
  });

  test.each([
    ['no such release', { version: '9.9.9' }, 404],
    ['no device', { devices: [] }, 400],
    ['a device twice', { devices: ['d1', 'd1'] }, 400],
    ['a device with a name that leads elsewhere', { devices: ['../d1'] }, 400],
    ['no time at all', { validDays: 0 }, 400],
    ['a year', { validDays: 365 }, 400],
  ])('are not signed for %s', async (_what, change, status) => {
    expect(await carry(change)).toMatchObject({ status });
  });

  test('are for operators and admins, not for authors and viewers', async () => {
    expect(await carry({}, await app.tokenFor('viewer'))).toMatchObject({ status: 403 });
    expect(await carry({}, await app.tokenFor('author'))).toMatchObject({ status: 403 });
    expect(await carry({}, await app.tokenFor('operator'))).toMatchObject({ status: 200 });
  });

  test('are in the audit trail with the devices and their time', async () => {
    await carry();
    const { db } = app.ground;
    const rows = await db.selectFrom('audit').selectAll().execute();

    expect(rows.at(-1)).toMatchObject({
      action: 'offline_words_signed',
      subject: 'release:gateway/1.0.0',
      after: expect.stringContaining('"d1"') as string,
    });
  });
});
