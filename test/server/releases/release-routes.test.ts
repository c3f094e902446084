import { expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { productTargetsText } from '../../support/authority.ts';
import { publishByHttp, uploadByHttp } from '../../support/publish-by-http.ts';
import { manifestText } from '../../support/publishing.ts';
import { foundByHttp, testApp, type TestApp } from '../../support/test-app.ts';
import { enrolledDevice } from '../../support/test-device.ts';
import { named, testRelease, type TestRelease } from '../../support/test-release.ts';

async function withGateway(): Promise<TestApp> {
  const app = await testApp();
  await foundByHttp(app, ['gateway']);
  return app;
}

async function answerOf(answer: Response): Promise<object> {
  return { status: answer.status, ...((await answer.json()) as object) };
}

test('a release is published, listed, shown and announced', async () => {
  const app = await withGateway();
  const release = await testRelease('1.0.0');
  app.told.length = 0;

  const answer = await answerOf(await publishByHttp(app, release));

  const manifestSha256 = sha256Hex(Buffer.from(manifestText(release.manifest)));
  const json = {
    product: 'gateway',
    version: '1.0.0',
    manifestSha256,
    securityEpoch: 1,
    class: 'functional',
    hardwareIds: ['rpi4'],
    state: 'published',
    publishedAt: '2026-06-01T12:00:00.000Z',
    releaseCounter: 1,
    recall: null,
  };
  expect(answer).toEqual({ status: 201, ...json });
  expect(await (await app.ask('/api/v1/releases?product=gateway')).json()).toEqual({
    releases: [json],
  });
  expect(await (await app.ask('/api/v1/releases/gateway/1.0.0')).json()).toEqual({
    ...json,
    manifest: release.manifest,
    runningOn: { count: 0, devices: [] },
  });
  expect(app.told).toEqual(['timestamp', 'release']);
  expect(await answerOf(await publishByHttp(app, release))).toEqual({ status: 200, ...json });
});

test('a release that is not there is not there', async () => {
  const app = await withGateway();

  expect(await answerOf(await app.ask('/api/v1/releases/gateway/1.0.0'))).toMatchObject({
    status: 404,
    code: 'unknown_release',
  });
  expect(await (await app.ask('/api/v1/releases?product=camera')).json()).toEqual({ releases: [] });
});

test('the refusal of a device comes back with its code and its sentence', async () => {
  const app = await withGateway();
  const release = await testRelease('1.0.0');
  await uploadByHttp(app, release);
  const role = await productTargetsText('gateway', 2, [release.manifest], { signers: [] });

  const json = { manifest: manifestText(release.manifest), role };
  const answer = await answerOf(await app.ask('/api/v1/releases', { method: 'POST', json }));

  expect(answer).toMatchObject({
    status: 422,
    code: 'refused',
    refusal: 'threshold_not_met',
    detail: 'gateway is signed by 0 of the 2 keys it needs',
  });
  expect((answer as { message: string }).message).toContain('a device would refuse this');
});

/** A release with one of its documents replaced. */
async function withDocument(which: 'sbom' | 'attestation', bytes: Buffer): Promise<TestRelease> {
  const release = await testRelease('1.0.0');
  const { sbom, attestations } = release.manifest;
  const change =
    which === 'sbom'
      ? { sbom: { mediaType: sbom?.mediaType ?? '', ...named(bytes) } }
      : {
          attestations: [
            { predicateType: attestations?.[0]?.predicateType ?? '', ...named(bytes) },
          ],
        };
  const replaced = await testRelease('1.0.0', change);
  return { ...replaced, blobs: [...replaced.blobs, { mediaType: 'application/json', bytes }] };
}

test.each([
  ['sbom', 'sbom_invalid'],
  ['attestation', 'attestation_invalid'],
] as const)('a release whose %s is garbage is %s', async (which, code) => {
  const app = await withGateway();

  const answer = await publishByHttp(app, await withDocument(which, Buffer.from('garbage')));

  expect(await answerOf(answer)).toMatchObject({ status: 422, code });
  expect((await publishByHttp(app, await testRelease('1.0.0'))).status).toBe(201);
});

test('a server that is killed between upload and release has nothing half published', async () => {
  const app = await withGateway();
  const release = await testRelease('1.0.0');
  await uploadByHttp(app, release);
  await app.ground.db.destroy();

  const again = await testApp({ dataDir: app.ground.config.dataDir });

  const admin = await again.tokenFor('admin');
  const listed = await again.ask('/api/v1/releases', { token: admin });
  expect(await listed.json()).toEqual({ releases: [] });
  const blob = `/blobs/sha256/${release.manifest.artifacts[0]?.sha256 ?? ''}`;
  expect((await again.ask(blob, { token: admin })).status).toBe(404);
  const role = await productTargetsText('gateway', 2, [release.manifest]);
  const json = { manifest: manifestText(release.manifest), role };
  const published = await again.ask('/api/v1/releases', { method: 'POST', token: admin, json });
  expect(published.status).toBe(201);
  expect((await again.ask(blob, { token: admin })).status).toBe(200);
});

test('blobs are for devices and operators, and for nobody before their release', async () => {
  const app = await withGateway();
  const release = await testRelease('1.0.0');
  const device = await enrolledDevice(app, 'd1');
  const token = await device.tokenAt(app.clock.now);
  const artifact = release.blobs[0]?.bytes ?? Buffer.alloc(0);
  const path = `/blobs/sha256/${sha256Hex(artifact)}`;
  await uploadByHttp(app, release);
  expect((await app.ask(path, { token })).status).toBe(404);

  await publishByHttp(app, release);

  const served = await app.ask(path, { token });
  expect(Buffer.from(await served.arrayBuffer()).equals(artifact)).toBe(true);
  expect((await app.ask(path)).status).toBe(200);
  expect((await app.ask(path, { token: null })).status).toBe(401);
  await app.ground.db.updateTable('devices').set({ state: 'retired' }).execute();
  app.ground.auth.forgetDevice('d1');
  expect((await app.ask(path, { token })).status).toBe(401);
});

test.each([
  ['other bytes than the digest says', 'x'.repeat(5), 422, 'blob_hash_mismatch'],
  ['more than this server takes', 'x'.repeat(2_000), 413, 'too_large'],
])('an upload of %s is refused', async (_name, body, status, code) => {
  const app = await testApp({ maxBlobBytes: 1_000 });
  const path = `/api/v1/blobs/${'a'.repeat(64)}`;

  expect(await answerOf(await app.ask(path, { method: 'PUT', body }))).toMatchObject({
    status,
    code,
  });
  expect((await app.ask(path)).status).toBe(404);
});

test('an upload of exactly as much as this server takes is stored, once', async () => {
  const app = await testApp({ maxBlobBytes: 1_000 });
  const body = 'x'.repeat(1_000);
  const sha256 = sha256Hex(Buffer.from(body));
  const path = `/api/v1/blobs/${sha256}`;

  const first = await app.ask(path, { method: 'PUT', body });
  const second = await app.ask(path, { method: 'PUT', body });

  expect(await answerOf(first)).toEqual({ status: 201, sha256, length: 1_000 });
  expect(await answerOf(second)).toEqual({ status: 200, sha256, length: 1_000 });
  expect(await answerOf(await app.ask(path))).toEqual({ status: 200, sha256, length: 1_000 });
});

test.each([
  ['a digest that is not one', `/api/v1/blobs/${'A'.repeat(64)}`],
  ['a media type that is not one', `/api/v1/blobs/${'a'.repeat(64)}?mediaType=x`],
  ['a media type that breaks lines', `/api/v1/blobs/${'a'.repeat(64)}?mediaType=a/b%0d%0ac`],
])('an upload under %s is not understood', async (_name, path) => {
  const app = await testApp();

  expect((await app.ask(path, { method: 'PUT', body: 'x' })).status).toBe(400);
});
