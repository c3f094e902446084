import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyIdOf } from '../../../shared/crypto/public-key.ts';
import type { OnlinePublicKeys } from '../../../server/keys/online-keys.ts';
import { renewBundlesNow } from '../../../server/run/tasks.ts';
import { AUTHOR } from '../../support/authority.ts';
import { nextRoot, opened, openEvent, signInTurn, withRole } from '../../support/ceremony.ts';
import { fieldDevice } from '../../support/field-device.ts';
import { foundByHttp, onlineKeys, testApp, type TestApp } from '../../support/test-app.ts';

async function founded(): Promise<TestApp> {
  const app = await testApp();
  await foundByHttp(app, ['gateway']);
  return app;
}

async function askNext(app: TestApp, json: object = {}): Promise<OnlinePublicKeys> {
  const answer = await app.ask('/api/v1/keys/online/next', { method: 'POST', json });
  expect(answer.status).toBe(200);
  return (await answer.json()) as OnlinePublicKeys;
}

/** Both roots with all five online keys as given, signed by two holders each. */
async function rotate(app: TestApp, { image, director }: OnlinePublicKeys): Promise<void> {
  const event = await opened(app, [
    await nextRoot(app, 'image', (root) => {
      const snapshot = withRole('snapshot', [image.snapshot], 1)(root);
      return withRole('timestamp', [image.timestamp], 1)({ ...root, ...snapshot });
    }),
    await nextRoot(app, 'director', (root) => {
      const targets = { ...root, ...withRole('targets', [director.targets], 1)(root) };
      const snapshot = withRole('snapshot', [director.snapshot], 1)(targets);
      return withRole('timestamp', [director.timestamp], 1)({ ...targets, ...snapshot });
    }),
  ]);
  const signers = [...AUTHOR.imageRoot.slice(0, 2), ...AUTHOR.directorRoot.slice(0, 2)];
  expect((await signInTurn(app, event, signers)).state).toBe('published');
}

test('next keys are made once and stay the same until a root names them', async () => {
  const app = await founded();
  const today = await onlineKeys(app);

  const next = await askNext(app);

  expect(next.image.timestamp).not.toEqual(today.image.timestamp);
  expect(await askNext(app)).toEqual(next);
  expect(await (await app.ask('/api/v1/keys/online')).json()).toEqual(today);
  const one = await askNext(app, { roles: ['image/timestamp'] });
  expect(one).toEqual({ ...today, image: { ...today.image, timestamp: next.image.timestamp } });
  const made = await app.ground.db
    .selectFrom('audit')
    .select('actor')
    .where('action', '=', 'online_keys_made')
    .execute();
  expect(made).toEqual([{ actor: 'operator:first' }]);
});

test('only an admin makes next keys, and only once trust is founded', async () => {
  const app = await testApp();
  const ask = async (token?: string) =>
    app.ask('/api/v1/keys/online/next', {
      method: 'POST',
      json: {},
      ...(token !== undefined && { token }),
    });
  expect((await ask()).status).toBe(409);
  await foundByHttp(app, []);
  expect((await ask(await app.tokenFor('author'))).status).toBe(403);
  expect((await ask()).status).toBe(200);
  const bad = { method: 'POST', json: { roles: ['image/root'] } };
  expect((await app.ask('/api/v1/keys/online/next', bad)).status).toBe(400);
});

test('all online keys change at once: devices recover, and the new keys sign from then on', async () => {
  const app = await founded();
  const seen = await fieldDevice(app, 'd1');
  await seen.image();
  await seen.director();
  const next = await askNext(app);

  await rotate(app, next);
  await renewBundlesNow(app.ground, {
    devices: (ids) => Promise.resolve(void app.told.push(...ids)),
    timestamp: () => Promise.resolve(),
    release: () => Promise.resolve(),
  });

  expect(app.told.filter((id) => id === 'd1')).toHaveLength(1);
  expect(await onlineKeys(app)).toEqual(next);
  for (const device of [seen, await fieldDevice(app, 'd2')]) {
    expect((await device.image()).root.roles.timestamp.keyids).toEqual([
      keyIdOf(next.image.timestamp),
    ]);
    await device.director();
  }
  const after = await askNext(app);
  expect(after.image.timestamp).not.toEqual(next.image.timestamp);
});

test('a server that comes back after the change signs with the new keys and forgets the old', async () => {
  const app = await founded();
  const { dataDir } = app.ground.config;
  const next = await askNext(app);
  await rotate(app, next);
  const waiting = await askNext(app, { roles: ['image/snapshot'] });
  const files = async (): Promise<readonly string[]> => readdir(join(dataDir, 'keys'));
  expect(await files()).toContain('image-timestamp.json');
  await app.ground.db.destroy();

  const again = await testApp({ dataDir });

  expect(await onlineKeys(again)).toEqual(next);
  const kept = [
    ...[next.image.snapshot, next.image.timestamp, waiting.image.snapshot],
    ...[next.director.targets, next.director.snapshot, next.director.timestamp],
  ];
  expect([...(await files())].sort()).toEqual(kept.map((key) => `${keyIdOf(key)}.json`).sort());
  expect(again.logged).toMatchObject([{ event: 'online_keys_retired' }]);
});

test('a key made for one role cannot be named for another', async () => {
  const app = await founded();
  const next = await askNext(app);
  const swapped = withRole('timestamp', [next.image.snapshot], 1);
  expect((await openEvent(app, [await nextRoot(app, 'image', swapped)])).status).toBe(422);

  const fitting = withRole('timestamp', [next.image.timestamp], 1);
  expect((await openEvent(app, [await nextRoot(app, 'image', fitting)])).status).toBe(201);
});
