// Our image repository is plain TUF: a client that knows nothing of Sealift can check a release.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { manifestBytes } from '../../shared/release/manifest.ts';
import { NOON } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { simulateUptane, testManifest } from '../support/uptane-simulator.ts';
import { tufJsClient } from './tuf-js-client.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOON }));
afterEach(() => vi.useRealTimers());

test('tuf-js finds, fetches and verifies the manifest of a release', async () => {
  const fleet = await simulateUptane();
  const path = fleet.release('1.0.0');
  const client = await tufJsClient(fleet.image);

  expect(await client.download(path)).toEqual(manifestBytes(testManifest('1.0.0')));
  await client.close();
});

test('tuf-js follows our key rotations', async () => {
  const fleet = await simulateUptane();
  const path = fleet.release('1.0.0');
  const client = await tufJsClient(fleet.image);
  await client.find(path);

  fleet.image.setKeys('root', [testKey('new root')]);
  fleet.image.setKeys('timestamp', [testKey('new timestamp')]);
  await fleet.image.publishRoot([testKey('root'), testKey('new root')]);
  fleet.image.publish();

  expect(await client.download(path)).toHaveLength(manifestBytes(testManifest('1.0.0')).length);
  await client.close();
});

test('tuf-js refuses a manifest that was changed on the way', async () => {
  const fleet = await simulateUptane();
  const path = fleet.release('1.0.0');
  for (const [name, bytes] of fleet.image.files) {
    fleet.image.files.set(name, Buffer.from(String(bytes).replace('functional', 'recovery  ')));
  }
  const client = await tufJsClient(fleet.image);

  await expect(client.download(path)).rejects.toThrow(/hash/i);
  await client.close();
});
