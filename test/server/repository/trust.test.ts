import { expect, test } from 'vitest';
import { keyIdOf } from '../../../shared/crypto/public-key.ts';
import type { RootFile } from '../../../shared/metadata/root.ts';
import type { OnlinePublicKeys } from '../../../server/keys/online-keys.ts';
import {
  AUTHOR,
  directorRootText,
  imageRootText,
  imageTargetsText,
} from '../../support/authority.ts';
import { onlineKeys, testApp, type TestApp } from '../../support/test-app.ts';
import { testKey } from '../../support/test-key.ts';

interface Texts {
  readonly imageRoot: string;
  readonly imageTargets: string;
  readonly directorRoot: string;
}

async function honest(online: OnlinePublicKeys): Promise<Texts> {
  return {
    imageRoot: await imageRootText(online),
    imageTargets: await imageTargetsText(1, []),
    directorRoot: await directorRootText(online),
  };
}

async function found(app: TestApp, json: unknown): Promise<Response> {
  return app.ask('/api/v1/trust', { method: 'POST', json });
}

test('trust is founded once, from the exact files an author signed', async () => {
  const app = await testApp();
  expect(await (await app.ask('/api/v1/trust')).json()).toMatchObject({ initialised: false });
  const texts = await honest(await onlineKeys(app));

  const answer = await found(app, texts);

  expect(answer.status).toBe(201);
  expect(await answer.json()).toEqual({
    initialised: true,
    image: { rootVersion: 1, expires: '2036-01-01T00:00:00.000Z' },
    director: { rootVersion: 1, expires: '2036-01-01T00:00:00.000Z' },
  });
  expect(await (await app.ask('/image/1.root.json', { token: null })).text()).toBe(texts.imageRoot);
  expect(await (await app.ask('/director/1.root.json', { token: null })).text()).toBe(
    texts.directorRoot,
  );
  expect((await app.ask('/image/timestamp.json', { token: null })).status).toBe(200);
  expect((await found(app, texts)).status).toBe(409);
});

type Attack = (online: OnlinePublicKeys) => Promise<Partial<Texts>>;

/** A root in which the server holds a role that belongs to authors. */
async function ownedByServer(online: OnlinePublicKeys, role: 'root' | 'targets'): Promise<string> {
  const key = online.image.timestamp;
  const file = JSON.parse(await imageRootText(online)) as { signed: RootFile };
  const { keyids } = file.signed.roles[role];
  const roles = {
    ...file.signed.roles,
    [role]: { keyids: [...keyids, keyIdOf(key)], threshold: 2 },
  };
  return imageRootText(online, { change: { roles } });
}

const ATTACKS: readonly (readonly [string, string, Attack])[] = [
  [
    'an image root signed by one key of two',
    'threshold_not_met',
    async (online) => ({
      imageRoot: await imageRootText(online, { signers: AUTHOR.imageRoot.slice(0, 1) }),
    }),
  ],
  [
    'an image root signed by strangers',
    'threshold_not_met',
    async (online) => ({
      imageRoot: await imageRootText(online, { signers: [testKey('eve'), testKey('mallory')] }),
    }),
  ],
  [
    'an image root that begins at version 2',
    'root_version_wrong',
    async (online) => ({ imageRoot: await imageRootText(online, { change: { version: 2 } }) }),
  ],
  [
    'an image root that has expired',
    'metadata_expired',
    async (online) => ({
      imageRoot: await imageRootText(online, { change: { expires: '2026-06-01T12:00:00Z' } }),
    }),
  ],
  [
    'an image root without consistent snapshots',
    'metadata_missing',
    async (online) => ({
      imageRoot: await imageRootText(online, { change: { consistent_snapshot: false } }),
    }),
  ],
  [
    'an image root for another server',
    'threshold_not_met',
    async ({ director }) => ({
      imageRoot: await imageRootText({
        director,
        image: { snapshot: director.snapshot, timestamp: director.timestamp },
      }),
    }),
  ],
  [
    'a director root for another server',
    'threshold_not_met',
    async (online) => ({
      directorRoot: await directorRootText({
        ...online,
        director: { ...online.director, targets: testKey('another').publicKey },
      }),
    }),
  ],
  [
    'a director root that expires before the word that it introduces',
    'metadata_expired',
    async (online) => ({
      directorRoot: await directorRootText(online, { change: { expires: '2026-05-01T00:00:00Z' } }),
    }),
  ],
  [
    'image targets signed by one key of two',
    'threshold_not_met',
    async () => ({
      imageTargets: await imageTargetsText(1, [], { signers: AUTHOR.imageTargets.slice(0, 1) }),
    }),
  ],
  [
    'image targets that list a release themselves',
    'role_unsafe',
    async () => ({
      imageTargets: await imageTargetsText(1, [], {
        change: {
          targets: { 'a/1/manifest.json': { length: 1, hashes: { sha256: 'a'.repeat(64) } } },
        },
      }),
    }),
  ],
  [
    'image targets that delegate a product which nobody registered',
    'role_unsafe',
    async () => ({ imageTargets: await imageTargetsText(1, ['gateway']) }),
  ],
  [
    'an image root under which the server may sign roots',
    'role_unsafe',
    async (online) => ({ imageRoot: await ownedByServer(online, 'root') }),
  ],
  [
    'an image root under which the server may sign targets',
    'role_unsafe',
    async (online) => ({ imageRoot: await ownedByServer(online, 'targets') }),
  ],
  [
    'an image root that is not JSON',
    'metadata_malformed',
    () => Promise.resolve({ imageRoot: '{' }),
  ],
  [
    'targets in the place of a root',
    'metadata_malformed',
    async () => ({ imageRoot: await imageTargetsText(1, []) }),
  ],
];

test.each(ATTACKS)('%s is refused as %s, and nothing is founded', async (_name, code, attack) => {
  const app = await testApp();
  const online = await onlineKeys(app);

  const answer = await found(app, { ...(await honest(online)), ...(await attack(online)) });

  expect(answer.status).toBe(422);
  const body = (await answer.json()) as { code: string; refusal?: string };
  expect(body.refusal ?? body.code).toBe(code);
  expect((await app.ask('/image/1.root.json', { token: null })).status).toBe(404);
  expect((await app.ask('/image/timestamp.json', { token: null })).status).toBe(404);
  expect((await found(app, await honest(online))).status).toBe(201);
});

test.each([
  ['no body', undefined],
  ['a missing file', { imageRoot: 'x', imageTargets: 'y' }],
  ['a wrong type', { imageRoot: 1, imageTargets: 'y', directorRoot: 'z' }],
  ['an unknown member', { imageRoot: 'x', imageTargets: 'y', directorRoot: 'z', note: 'hi' }],
])('a request with %s is not understood', async (_name, json) => {
  const app = await testApp();

  const answer = await found(app, json);

  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: 'malformed_request' });
});
