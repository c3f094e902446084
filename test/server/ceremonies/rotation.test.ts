// A device in the field, with the device's own verifier, follows every change of keys that its fleet's
// holders sign one by one over HTTP.
import { expect, test } from 'vitest';
import { keyIdOf } from '../../../shared/crypto/public-key.ts';
import type { Signer } from '../../../shared/crypto/signer.ts';
import type { TargetsFile } from '../../../shared/metadata/targets.ts';
import { AUTHOR } from '../../support/authority.ts';
import { nextRoot, nextTargets, opened, signInTurn, withRole } from '../../support/ceremony.ts';
import { fieldDevice } from '../../support/field-device.ts';
import { publishByHttp } from '../../support/publish-by-http.ts';
import { foundByHttp, testApp, type TestApp } from '../../support/test-app.ts';
import { testKey } from '../../support/test-key.ts';
import { testRelease } from '../../support/test-release.ts';

const PATH = 'gateway/1.0.0/manifest.json';
const publicKeys = (signers: readonly Signer[]) => signers.map(({ publicKey }) => publicKey);
const newKeys = (what: string): readonly Signer[] =>
  ['d', 'e', 'f'].map((name) => testKey(`${what} ${name}`));

async function withRelease(): Promise<TestApp> {
  const app = await testApp();
  await foundByHttp(app, ['gateway']);
  const published = await publishByHttp(app, await testRelease('1.0.0'));
  if (published.status !== 201) throw new Error(`setup: ${await published.text()}`);
  return app;
}

test('the image root changes hands, two of three old and two of three new holders signing in turn', async () => {
  const app = await withRelease();
  const seen = await fieldDevice(app, 'd1');
  await seen.image(PATH);
  const [d, e, f] = newKeys('image root');
  const holders = publicKeys([d, e, f] as Signer[]);
  const event = await opened(app, [await nextRoot(app, 'image', withRole('root', holders, 2))]);
  expect(event.files[0]?.requirements).toMatchObject([
    { by: 'image root v1', threshold: 2 },
    { by: 'image root v2', threshold: 2 },
  ]);

  const almost = await signInTurn(app, event, [
    ...AUTHOR.imageRoot.slice(0, 2),
    ...([d] as Signer[]),
  ]);
  expect(almost.state).toBe('open');
  expect((await seen.image(PATH)).root.version).toBe(1);
  const done = await signInTurn(app, event, [f] as Signer[]);

  expect(done).toMatchObject({ state: 'published', stale: false });
  for (const device of [seen, await fieldDevice(app, 'd2')]) {
    const { root, file } = await device.image(PATH);
    expect(root.version).toBe(2);
    expect(root.roles.root.keyids).toEqual(holders.map(keyIdOf));
    expect(file).toBeDefined();
  }
});

test('the director root changes hands, and every bundle carries it at once', async () => {
  const app = await withRelease();
  const seen = await fieldDevice(app, 'd1');
  const before = await seen.director();
  const holders = newKeys('director root');
  const root = await nextRoot(app, 'director', withRole('root', publicKeys(holders), 2));
  const event = await opened(app, [root]);

  const done = await signInTurn(app, event, [
    ...AUTHOR.directorRoot.slice(1),
    ...holders.slice(0, 2),
  ]);

  expect(done.state).toBe('published');
  expect((await seen.director()).serverTime.getTime()).toBeGreaterThanOrEqual(
    before.serverTime.getTime(),
  );
  const row = await app.ground.db.selectFrom('director_bundles').select('bytes').executeTakeFirst();
  expect(row?.bytes.toString()).toContain('2.root.json');
  await (await fieldDevice(app, 'd2')).director();
});

test('image targets change hands with the root that names the new holders, in one event', async () => {
  const app = await withRelease();
  const seen = await fieldDevice(app, 'd1');
  await seen.image(PATH);
  const holders = newKeys('image targets');
  const event = await opened(app, [
    await nextRoot(app, 'image', withRole('targets', publicKeys(holders), 2)),
    await nextTargets(app, 'targets'),
  ]);
  expect(event.files.map(({ role }) => role)).toEqual(['root', 'targets']);
  expect(event.files[1]?.requirements).toMatchObject([{ by: 'image root v2', threshold: 2 }]);

  const done = await signInTurn(app, event, [...AUTHOR.imageRoot.slice(0, 2), ...holders.slice(1)]);

  expect(done.state).toBe('published');
  for (const device of [seen, await fieldDevice(app, 'd2')]) {
    expect((await device.image(PATH)).targets.version).toBe(3);
  }
});

/** Image targets in which other keys sign gateway. */
function delegating(holders: readonly Signer[], threshold: number) {
  return ({ delegations }: TargetsFile): Partial<TargetsFile> => ({
    delegations: {
      keys: Object.fromEntries(publicKeys(holders).map((key) => [keyIdOf(key), key])),
      roles: (delegations?.roles ?? []).map((role) => ({
        ...role,
        keyids: publicKeys(holders).map(keyIdOf),
        threshold,
      })),
    },
  });
}

test('a product changes hands: its role is signed by the new holders in the same event', async () => {
  const app = await withRelease();
  const seen = await fieldDevice(app, 'd1');
  await seen.image(PATH);
  const holders = newKeys('gateway');
  const event = await opened(app, [
    await nextTargets(app, 'targets', delegating(holders, 2)),
    await nextTargets(app, 'gateway'),
  ]);

  const done = await signInTurn(app, event, [...AUTHOR.imageTargets, ...holders.slice(0, 2)]);

  expect(done.state).toBe('published');
  for (const device of [seen, await fieldDevice(app, 'd2')]) {
    expect((await device.image(PATH)).file).toBeDefined();
  }
});

test('a product loses a holder whose signature its role still carries, and gets one it does not need', async () => {
  const app = await withRelease();
  const [a, b] = AUTHOR.product('gateway') as [Signer, Signer];
  const event = await opened(app, [
    await nextTargets(app, 'targets', delegating([a, b, testKey('newcomer')], 2)),
  ]);

  const done = await signInTurn(app, event, AUTHOR.imageTargets);

  expect(done.state).toBe('published');
  expect((await (await fieldDevice(app, 'd1')).image(PATH)).file).toBeDefined();
});

test('a device that stayed at root v1 walks to v5, also where v2 to v4 have long expired', async () => {
  const app = await withRelease();
  const slept = await fieldDevice(app, 'd1');
  await slept.image(PATH);
  await slept.director();
  for (const expires of ['2026-07-01', '2026-08-01', '2026-09-01', '2027-12-31']) {
    const change = () => ({ expires: `${expires}T00:00:00Z` });
    const roots = [await nextRoot(app, 'image', change), await nextRoot(app, 'director', change)];
    const event = await opened(app, roots);
    const signers = [...AUTHOR.imageRoot.slice(0, 2), ...AUTHOR.directorRoot.slice(0, 2)];
    expect((await signInTurn(app, event, signers)).state).toBe('published');
  }

  // Beyond the life of snapshot and timestamp: the server signs them again by itself.
  app.clock.now = new Date('2026-06-01T13:00:00Z');

  expect((await slept.image(PATH)).root.version).toBe(5);
  await slept.director();
});
