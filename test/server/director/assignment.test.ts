import { expect, test } from 'vitest';
import { directorRootText } from '../../support/authority.ts';
import { publishByHttp } from '../../support/publish-by-http.ts';
import {
  foundByHttp,
  onlineKeys,
  testApp,
  TEST_NOON,
  type TestApp,
} from '../../support/test-app.ts';
import { enrolledDevice, type TestDevice } from '../../support/test-device.ts';
import { testRelease } from '../../support/test-release.ts';
import { toldDevice, type ToldDevice } from '../../support/told-device.ts';

const PATH = '/device/v1/assignment';
const HOUR = 3_600_000;

interface Scene {
  readonly app: TestApp;
  readonly device: TestDevice;
  readonly told: ToldDevice;
  readonly poll: (query?: string, headers?: Record<string, string>) => Promise<Response>;
  /** What the director should say from now on, as a rollout would have it. */
  readonly desire: (manifestSha256: string | null) => Promise<void>;
  readonly moveClock: (milliseconds: number) => void;
}

async function scene(): Promise<Scene> {
  const app = await testApp();
  await foundByHttp(app, ['gateway']);
  const device = await enrolledDevice(app, 'd1');
  const root = await directorRootText(await onlineKeys(app));
  const { db, director } = app.ground;
  return {
    app,
    device,
    told: toldDevice('d1', Buffer.from(root)),
    poll: async (query = '', headers = {}) =>
      app.ask(PATH + query, { token: await device.tokenAt(app.clock.now), headers }),
    desire: async (manifestSha256) => {
      await db.transaction().execute(async (tx) => {
        const desired = { desired_manifest_sha256: manifestSha256 };
        await tx.updateTable('devices').set(desired).where('id', '=', 'd1').execute();
        await director.signAssignments(tx, ['d1']);
      });
    },
    moveClock: (milliseconds) => {
      app.clock.now = new Date(app.clock.now.getTime() + milliseconds);
    },
  };
}

async function bytesOf(answer: Response): Promise<Uint8Array> {
  expect(answer.status).toBe(200);
  return new Uint8Array(await answer.arrayBuffer());
}

async function publishOne(app: TestApp): Promise<string> {
  const answer = await publishByHttp(app, await testRelease('1.0.0'));
  return ((await answer.json()) as { manifestSha256: string }).manifestSha256;
}

test('a device that asks for the first time is signed its first word', async () => {
  const { poll, told } = await scene();

  const answer = await poll();

  expect(answer.headers.get('content-type')).toBe('application/vnd.sealift.assignment+json');
  expect(await told.hear(await bytesOf(answer), TEST_NOON)).toMatchObject({ target: undefined });
});

test('a device is told the release as its author signed it', async () => {
  const { app, poll, told, desire } = await scene();
  const manifestSha256 = await publishOne(app);
  await told.hear(await bytesOf(await poll()), TEST_NOON);

  await desire(manifestSha256);

  const { target } = await told.hear(await bytesOf(await poll()), TEST_NOON);
  expect(target).toMatchObject({
    path: 'gateway/1.0.0/manifest.json',
    file: {
      hashes: { sha256: manifestSha256 },
      custom: { mustMatch: { securityEpoch: 1, hardwareIds: ['rpi4'], releaseCounter: 1 } },
    },
  });
});

test('an unchanged word is answered 304 without a write, a signature or a query', async () => {
  const { app, poll } = await scene();
  const etag = (await poll()).headers.get('etag') ?? '';
  await app.ground.db.destroy(); // whoever touches the database now fails

  for (const tag of [etag, `W/${etag}`]) {
    const answer = await poll('', { 'If-None-Match': tag });
    expect(answer.status).toBe(304);
    expect(answer.headers.get('etag')).toBe(etag);
    expect(await answer.text()).toBe('');
  }
  expect((await poll('', { 'If-None-Match': '"old"' })).status).toBe(200);
});

test('a new word changes the tag, and the old tag no longer silences', async () => {
  const { app, poll, desire } = await scene();
  const etag = (await poll()).headers.get('etag') ?? '';

  await desire(await publishOne(app));

  const answer = await poll('', { 'If-None-Match': etag });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('etag')).not.toBe(etag);
});

test('a word that was rolled back was never said', async () => {
  const { app, poll } = await scene();
  const etag = (await poll()).headers.get('etag');
  const { db, director } = app.ground;

  const deed = db.transaction().execute(async (tx) => {
    await director.signAssignments(tx, ['d1']);
    throw new Error('the deed failed');
  });

  await expect(deed).rejects.toThrow('the deed failed');
  expect((await poll()).headers.get('etag')).toBe(etag);
});

test('after a restart the same word is served, not a new one signed', async () => {
  const { app, device, poll } = await scene();
  const etag = (await poll()).headers.get('etag');
  await app.ground.db.destroy();

  const again = await testApp({ dataDir: app.ground.config.dataDir });

  const answer = await again.ask(PATH, { token: await device.tokenAt(TEST_NOON) });
  expect(answer.headers.get('etag')).toBe(etag);
});

test('a device without a clock gets its nonce back, freshly signed', async () => {
  const { poll, told } = await scene();
  await told.hear(await bytesOf(await poll()), TEST_NOON);

  const answer = await poll('?nonce=abcdefgh');

  await told.hear(await bytesOf(answer), TEST_NOON, 'abcdefgh');
  await told.hear(await bytesOf(await poll()), TEST_NOON);
});

test.each(['', 'short', 'a'.repeat(65), 'with space', '<script>'])(
  'the nonce "%s" is not understood',
  async (nonce) => {
    const { poll } = await scene();

    const answer = await poll(`?nonce=${encodeURIComponent(nonce)}`);

    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'malformed_request' });
  },
);

test('a word is signed again at half its life, by the task or when a device asks', async () => {
  const { app, poll, told, moveClock } = await scene();
  const etag = (await poll()).headers.get('etag');
  moveClock(12 * HOUR - 1);
  expect(await app.ground.director.renewSome(10)).toEqual([]);
  expect((await poll()).headers.get('etag')).toBe(etag);

  moveClock(1);
  expect(await app.ground.director.renewSome(10)).toEqual(['d1']);
  const renewed = (await poll()).headers.get('etag');
  expect(renewed).not.toBe(etag);
  expect(await app.ground.director.renewSome(10)).toEqual([]);

  moveClock(72 * HOUR);
  await told.hear(await bytesOf(await poll()), app.clock.now);
});

test('devices that left the fleet are not signed for', async () => {
  const { app, poll, moveClock } = await scene();
  await poll();
  await app.ground.db.updateTable('devices').set({ state: 'retired' }).execute();
  moveClock(24 * HOUR);

  expect(await app.ground.director.renewSome(10)).toEqual([]);
});

test('a whole fleet is signed for in one transaction', async () => {
  const { app } = await scene();
  const ids = Array.from({ length: 1_203 }, (_, index) => `fleet-${index}`);
  const { db, director } = app.ground;
  for (const id of ids) await enrolledDevice(app, id);

  await db.transaction().execute((tx) => director.signAssignments(tx, ids));

  const { count } = await db
    .selectFrom('director_bundles')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  expect(count).toBe(1_203);
});

test.each([
  ['pending', 403, 'device_not_accepted'],
  ['rejected', 403, 'device_not_accepted'],
  ['retired', 403, 'device_not_accepted'],
  ['accepted', 200, undefined],
] as const)('a device that is %s is answered %i', async (state, status, code) => {
  const { app, poll } = await scene();
  await app.ground.db.updateTable('devices').set({ state }).execute();

  const answer = await poll();

  expect(answer.status).toBe(status);
  if (code !== undefined) expect(await answer.json()).toMatchObject({ code });
});

test('a device that is retired is refused at its next request, whatever was remembered', async () => {
  const { app, poll } = await scene();
  expect((await poll()).status).toBe(200);

  const retire = { method: 'POST', json: { action: 'retire' } };
  expect((await app.ask('/api/v1/devices/d1/state', retire)).status).toBe(200);

  expect((await poll()).status).toBe(403);
});

test('polling is noted as a sign of life', async () => {
  const { app, poll } = await scene();
  await poll();
  await poll();

  expect([...app.ground.sightings.take().keys()]).toEqual(['d1']);
});
