// A17 (TUF 1.5.2): somebody adds to what a release needs, so that the device fetches something more.
// What belongs to a release is in the author's signed manifest, and nowhere else.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { archiveOf } from '../support/offer-artifacts.ts';
import { provisionDevice, type TestDevice } from '../support/test-agent.ts';
import { offerRelease } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: DeviceServer;
let device: TestDevice;

const EVIL = archiveOf('implant', '6.6.6');
const WANTED = { ...EVIL.artifact, dependsOn: [] };

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  server.blobs.set(EVIL.artifact.sha256, EVIL.bytes);
});

afterEach(() => server.stop());

const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;
const fetchedBlobs = (): readonly string[] =>
  server.requests.filter((line) => line.startsWith('GET /blobs/'));

/** Every metadata file of a repository, changed outside of what is signed. */
function besideTheSignature(bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes === undefined) return undefined;
  const envelope = JSON.parse(Buffer.from(bytes).toString()) as object;
  return Buffer.from(JSON.stringify({ ...envelope, dependencies: [WANTED], requires: [WANTED] }));
}

describe('a dependency that is not in the signed part', () => {
  test('of image metadata is not fetched: the parent names other bytes, or it is ignored', async () => {
    offerRelease(server, '1.0.0');
    server.fleet.image.instead.set('timestamp.json', besideTheSignature);

    expect(await device.runOnce()).toBe('committed');

    expect(fetchedBlobs()).toHaveLength(1);
    expect(fetchedBlobs()[0]).not.toContain(EVIL.artifact.sha256);
  });

  test('of image metadata that a parent names by hash is refused', async () => {
    offerRelease(server, '1.0.0');
    const { version } = server.fleet.image.snapshot;
    server.fleet.image.instead.set(`${version}.snapshot.json`, besideTheSignature);

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'metadata_too_large' }); // longer than its parent says
    expect(fetchedBlobs()).toEqual([]);
  });

  test('of the manifest makes it another file, which is refused', async () => {
    const path = offerRelease(server, '1.0.0');
    for (const [name, bytes] of server.fleet.image.files) {
      if (!name.startsWith('targets/gateway/1.0.0/')) continue;
      const manifest = JSON.parse(Buffer.from(bytes).toString()) as { artifacts: object[] };
      const more = { ...manifest, artifacts: [...manifest.artifacts, EVIL.artifact] };
      server.fleet.image.files.set(name, Buffer.from(JSON.stringify(more)));
    }

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ path, code: 'metadata_too_large' });
    expect(fetchedBlobs()).toEqual([]);
  });
});

test('a dependency that only the director signs is nobody’s: it can assign what authors signed, no more', async () => {
  offerRelease(server, '1.0.0');
  const { director } = server.fleet;
  director.targets['custom'] = {
    ...(director.targets['custom'] as object),
    dependencies: [WANTED],
  };
  director.publish();

  expect(await device.runOnce()).toBe('committed');

  expect(fetchedBlobs().join()).not.toContain(EVIL.artifact.sha256);
});

test('a word in the signed manifest that this agent does not know makes it fetch nothing', async () => {
  offerRelease(server, '1.0.0', { dependencies: [WANTED] });

  expect(await device.runOnce()).toBe('committed');

  expect(fetchedBlobs().join()).not.toContain(EVIL.artifact.sha256);
});

test('an artifact that the author signs with the release is fetched, and installed', async () => {
  const app = archiveOf('app', '1.0.0');
  server.blobs.set(app.artifact.sha256, app.bytes);
  const artifacts = [app.artifact, EVIL.artifact]; // the same bytes, signed: now they belong to it
  server.fleet.assign(server.fleet.release('1.0.0', { artifacts }));

  expect(await device.runOnce()).toBe('committed');

  expect(fetchedBlobs().map((line) => line.slice(-64))).toEqual([
    sha256Hex(app.bytes),
    sha256Hex(EVIL.bytes),
  ]);
});
