import { expect, test } from 'vitest';
import type { TargetsFile } from '../../../shared/metadata/targets.ts';
import { keyIdOf } from '../../../shared/crypto/public-key.ts';
import { AUTHOR, imageTargetsText, productTargetsText } from '../../support/authority.ts';
import { foundByHttp, onlineKeys, testApp, type TestApp } from '../../support/test-app.ts';
import { testKey } from '../../support/test-key.ts';

async function camera(change: object = {}): Promise<object> {
  return {
    product: 'camera',
    hardwareIds: ['cam1'],
    imageTargets: await imageTargetsText(3, ['gateway', 'camera']),
    role: await productTargetsText('camera', 1, []),
    ...change,
  };
}

async function withGateway(): Promise<TestApp> {
  const app = await testApp();
  await foundByHttp(app, ['gateway']);
  return app;
}

const register = (app: TestApp, json: unknown): Promise<Response> =>
  app.ask('/api/v1/products', { method: 'POST', json });

/** Image targets with one thing about the new delegation changed. */
async function delegating(change: object, keysFrom?: { publicKey: object }): Promise<string> {
  const file = JSON.parse(await imageTargetsText(3, ['gateway', 'camera'])) as {
    signed: TargetsFile;
  };
  const { delegations } = file.signed;
  const roles = (delegations?.roles ?? []).map((role) =>
    role.name === 'camera' ? { ...role, ...change } : role,
  );
  const keys = { ...delegations?.keys };
  if (keysFrom !== undefined) {
    const key = keysFrom.publicKey as Parameters<typeof keyIdOf>[0];
    keys[keyIdOf(key)] = key;
  }
  return imageTargetsText(3, [], { change: { delegations: { keys, roles } } });
}

test('a product is registered with the keys that may sign it, beside the others', async () => {
  const app = await withGateway();

  const answer = await register(app, await camera());

  expect(answer.status).toBe(201);
  expect(await answer.json()).toMatchObject({
    product: 'camera',
    hardwareIds: ['cam1'],
    role: { version: 1 },
  });
  const listed = (await (await app.ask('/api/v1/products')).json()) as { products: object[] };
  expect(listed.products).toMatchObject([{ product: 'camera' }, { product: 'gateway' }]);
  expect((await app.ask('/image/1.camera.json', { token: null })).status).toBe(200);
  expect(app.told).toEqual(['timestamp', 'timestamp', 'timestamp']);
});

test('a product cannot be registered before trust is founded', async () => {
  const app = await testApp();

  const answer = await register(app, await camera());

  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({ code: 'not_initialised' });
});

test('a product is registered once', async () => {
  const app = await withGateway();
  const again = await camera({
    product: 'gateway',
    role: await productTargetsText('gateway', 1, []),
    imageTargets: await imageTargetsText(3, ['gateway']),
  });

  const answer = await register(app, again);

  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({ code: 'product_exists' });
});

const ATTACKS: readonly (readonly [string, string, () => Promise<object>])[] = [
  [
    'image targets that skip a version',
    'version_conflict',
    async () => camera({ imageTargets: await imageTargetsText(4, ['gateway', 'camera']) }),
  ],
  [
    'a role that begins at version 2',
    'version_conflict',
    async () => camera({ role: await productTargetsText('camera', 2, []) }),
  ],
  [
    'a role signed by one key of two',
    'threshold_not_met',
    async () =>
      camera({
        role: await productTargetsText('camera', 1, [], {
          signers: AUTHOR.product('camera').slice(0, 1),
        }),
      }),
  ],
  [
    'a role signed by another product',
    'threshold_not_met',
    async () =>
      camera({
        role: await productTargetsText('camera', 1, [], { signers: AUTHOR.product('gateway') }),
      }),
  ],
  [
    'image targets signed by one key of two',
    'threshold_not_met',
    async () =>
      camera({
        imageTargets: await imageTargetsText(3, ['gateway', 'camera'], {
          signers: AUTHOR.imageTargets.slice(0, 1),
        }),
      }),
  ],
  [
    'image targets that no longer delegate an earlier product',
    'role_unsafe',
    async () => camera({ imageTargets: await imageTargetsText(3, ['camera']) }),
  ],
  [
    'image targets that delegate one product more',
    'role_unsafe',
    async () =>
      camera({ imageTargets: await imageTargetsText(3, ['gateway', 'camera', 'toaster']) }),
  ],
  [
    'a delegation over every product',
    'role_unsafe',
    async () => camera({ imageTargets: await delegating({ paths: ['*/*/*'] }) }),
  ],
  [
    'a delegation that does not end the search',
    'role_unsafe',
    async () => camera({ imageTargets: await delegating({ terminating: false }) }),
  ],
  [
    'new keys for an earlier product whose role they did not sign',
    'threshold_not_met',
    async () => {
      const file = JSON.parse(await imageTargetsText(3, ['gateway', 'camera'])) as {
        signed: TargetsFile;
      };
      const stranger = testKey('stranger');
      const keys = { ...file.signed.delegations?.keys, [stranger.keyId]: stranger.publicKey };
      const roles = (file.signed.delegations?.roles ?? []).map((role) =>
        role.name === 'gateway' ? { ...role, keyids: [stranger.keyId], threshold: 1 } : role,
      );
      return camera({
        imageTargets: await imageTargetsText(3, [], { change: { delegations: { keys, roles } } }),
      });
    },
  ],
];

test.each(ATTACKS)('%s is refused as %s, and nothing changes', async (_name, code, attack) => {
  const app = await withGateway();

  const answer = await register(app, await attack());

  expect([409, 422]).toContain(answer.status);
  const body = (await answer.json()) as { code: string; refusal?: string };
  expect(body.refusal ?? body.code).toBe(code);
  expect((await app.ask('/image/3.targets.json', { token: null })).status).toBe(404);
  expect((await register(app, await camera())).status).toBe(201);
});

test('the server can never be made the author of a product', async () => {
  const app = await withGateway();
  const own = { publicKey: (await onlineKeys(app)).director.targets };
  const keyids = [keyIdOf(own.publicKey)];
  const imageTargets = await delegating({ keyids, threshold: 1 }, own);
  const signer = app.ground.ring.findSigner('director/targets');
  const role = await productTargetsText('camera', 1, [], {
    signers: signer === undefined ? [] : [signer],
  });

  const answer = await register(app, await camera({ imageTargets, role }));

  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ code: 'role_unsafe' });
});

test.each([
  ['an upper-case name', { product: 'Camera' }, 'product'],
  ['a name with a path in it', { product: '../camera' }, 'product'],
  ['no hardware', { hardwareIds: [] }, 'hardwareIds'],
  ['the same hardware twice', { hardwareIds: ['a', 'a'] }, 'hardwareIds'],
])('a product with %s is not understood', async (_name, change, field) => {
  const app = await withGateway();

  const answer = await register(app, await camera(change));

  expect(answer.status).toBe(400);
  expect(((await answer.json()) as { message: string }).message).toContain(field);
});

test.each(['root', 'targets', 'snapshot', 'timestamp'])(
  'a product may not be called %s: TUF has a role of that name',
  async (product) => {
    const app = await withGateway();
    const imageTargets = await imageTargetsText(3, ['gateway', product]);
    const role = await productTargetsText(product, 1, []);

    const answer = await register(app, { product, hardwareIds: ['x'], imageTargets, role });

    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect((await register(app, await camera())).status).toBe(201);
  },
);
