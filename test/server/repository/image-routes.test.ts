import { expect, test } from 'vitest';
import { findTarget } from '../../../shared/trust/find-target.ts';
import { memoryStore } from '../../../shared/trust/memory-store.ts';
import { refresh } from '../../../shared/trust/refresh.ts';
import type { Repository } from '../../../shared/trust/repository.ts';
import { manifestBytes } from '../../../shared/release/manifest.ts';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { publishByHttp } from '../../support/publish-by-http.ts';
import { foundByHttp, testApp, TEST_NOON, type TestApp } from '../../support/test-app.ts';
import { testRelease } from '../../support/test-release.ts';

async function published(): Promise<TestApp> {
  const app = await testApp();
  await foundByHttp(app, ['gateway']);
  await publishByHttp(app, await testRelease('1.0.0'));
  return app;
}

const anybody = { token: null };
/** For tests that only read. */
const readOnly = published();

test('a device finds the release by walking the served files from its first root', async () => {
  const app = await readOnly;
  const firstRoot = await (await app.ask('/image/1.root.json', anybody)).arrayBuffer();

  const image: Repository = {
    name: 'image',
    fetch: async (name) => {
      const answer = await app.ask(`/image/${name}`, anybody);
      return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : undefined;
    },
    store: memoryStore(),
    firstRoot: new Uint8Array(firstRoot),
    startedAt: TEST_NOON,
  };

  const found = await findTarget(image, await refresh(image), 'gateway/1.0.0/manifest.json');

  expect(found?.custom).toEqual({
    mustMatch: { securityEpoch: 1, hardwareIds: ['rpi4'], releaseCounter: 1 },
  });
});

test('what never changes is kept for a year, and the timestamp is always asked for', async () => {
  const app = await readOnly;

  const root = await app.ask('/image/1.root.json', anybody);
  const timestamp = await app.ask('/image/timestamp.json', anybody);

  expect(root.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(timestamp.headers.get('cache-control')).toBe('no-cache');
});

test('a timestamp that did not change is not sent again, a new one is', async () => {
  const app = await published();
  const before = await app.ask('/image/timestamp.json', anybody);
  const headers = { 'If-None-Match': before.headers.get('etag') ?? '' };
  expect((await app.ask('/image/timestamp.json', { ...anybody, headers })).status).toBe(304);

  const first = await testRelease('1.0.0');
  await publishByHttp(app, await testRelease('1.1.0'), [first.manifest]);

  expect((await app.ask('/image/timestamp.json', { ...anybody, headers })).status).toBe(200);
});

test('a manifest is served by its path, and by its path with its hash', async () => {
  const app = await readOnly;
  const bytes = Buffer.from(manifestBytes((await testRelease('1.0.0')).manifest));
  const folder = '/image/targets/gateway/1.0.0';

  for (const name of ['manifest.json', `${sha256Hex(bytes)}.manifest.json`]) {
    const answer = await app.ask(`${folder}/${name}`, anybody);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  }
});

test.each([
  '/image/2.root.json',
  '/image/0.root.json',
  '/image/01.root.json',
  '/image/root.json',
  '/image/1.timestamp.json',
  '/image/1.camera.json',
  '/image/1.%2e%2e%2fkeys.json',
  '/image/1.%.json',
  '/image/99999999999999999999.root.json',
  '/image/targets/gateway/1.0.0/other.json',
  '/image/targets/gateway/9.9.9/manifest.json',
  `/image/targets/gateway/1.0.0/${'0'.repeat(64)}.manifest.json`,
  '/image/targets/..%2f..%2fkeys/1.0.0/manifest.json',
  '/director/2.root.json',
  '/director/0.root.json',
])('%s is not there', async (path) => {
  const app = await readOnly;

  const answer = await app.ask(path, anybody);

  expect(answer.status).toBe(404);
});
