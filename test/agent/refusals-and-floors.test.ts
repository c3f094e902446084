import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { currentBundle, startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { provisionDevice, type TestDevice } from '../support/test-agent.ts';
import { artifactOf, filesOf, offerRelease, treeOf } from '../support/test-archive.ts';
import { tarOf } from '../../firmware-fixtures/archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // processes on a busy machine

let server: DeviceServer;
let device: TestDevice;

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
});

afterEach(() => server.stop());

const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;

describe('what must not be installed', () => {
  test('an artifact with other bytes is refused, and nothing is installed', async () => {
    const files = filesOf('1.0.0');
    offerRelease(server, '1.0.0', { files });
    const [sha256] = [...server.blobs.keys()];
    const evil = Buffer.from(tarOf(files));
    evil.write('evil', 600);
    server.blobs.set(sha256 ?? '', evil);

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ kind: 'refused', code: 'artifact_hash_mismatch' });
    expect(await readdir(join(device.folder, 'slots'))).toEqual([]);
    expect(await readdir(join(device.folder, 'state'))).not.toContain('downloads');
  });

  test('a tree that is not the one the author measured is refused', async () => {
    const bytes = tarOf(filesOf('1.0.0'));
    server.blobs.set(sha256Hex(bytes), bytes);
    const artifacts = [artifactOf(bytes, treeOf(filesOf('9.9.9')))];
    server.fleet.assign(server.fleet.release('1.0.0', { artifacts }));

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ kind: 'refused', code: 'installed_digest_mismatch' });
    expect(await device.running()).toBeUndefined();
  });

  test('an older security epoch is refused once a newer one was committed', async () => {
    offerRelease(server, '2.0.0', { securityEpoch: 2 });
    await device.runOnce();
    const path = offerRelease(server, '1.0.0', { securityEpoch: 1 });

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'security_epoch_rolled_back', release: null, path });
  });

  test('a release for another board is refused', async () => {
    offerRelease(server, '1.0.0', { hardwareIds: ['imx8mn'] });

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ kind: 'refused', code: 'hardware_mismatch' });
  });

  test('an installer that this agent does not have is refused, not skipped', async () => {
    const [artifact] = [artifactOf(tarOf(filesOf('1.0.0')), undefined)];
    offerRelease(server, '1.0.0', { artifacts: [{ ...artifact, installer: 'module:docker' }] });

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ kind: 'refused', code: 'installer_unsupported' });
  });

  test('garbage instead of a bundle is refused once, and the next honest offer installed', async () => {
    server.intercept = (request, response) => {
      if (request.url !== '/device/v1/assignment') return false;
      response.end('garbage');
      return true;
    };
    expect(await device.runOnce()).toBe('refused');
    expect(await device.runOnce()).toBe('refused');
    server.intercept = () => false;
    offerRelease(server, '1.0.0');

    expect(await device.runOnce()).toBe('committed');

    const refusals = server.reports.filter(({ event }) => event.kind === 'refused');
    expect(refusals.map(({ event }) => event)).toMatchObject([{ code: 'metadata_malformed' }]);
  });

  test('an old assignment that is played back is refused', async () => {
    offerRelease(server, '1.0.0');
    const old = await currentBundle(server.fleet.director);
    await device.runOnce();
    offerRelease(server, '1.1.0');
    await device.runOnce();
    server.intercept = (request, response) => {
      if (request.url !== '/device/v1/assignment') return false;
      response.end(old);
      return true;
    };

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ kind: 'refused', code: 'version_rolled_back', path: null });
    expect(await device.running()).toEqual({ slot: 'b', version: '1.1.0' });
  });

  test('an artifact that the server does not have ends the update as failed by the network', async () => {
    offerRelease(server, '1.0.0');
    server.blobs.clear();

    for (let tries = 1; tries <= 5; tries += 1) expect(await device.runOnce()).toBe('later');
    expect(last()).not.toMatchObject({ kind: 'failed' });
    expect(await device.runOnce()).toBe('failed');

    expect(last()).toMatchObject({ kind: 'failed', stage: 'downloading', reason: 'network' });
  });
});

describe('trying again', () => {
  test('an artifact that comes late is installed, and a later release has all its tries', async () => {
    offerRelease(server, '1.0.0');
    const blobs = [...server.blobs];
    server.blobs.clear();
    for (let tries = 1; tries <= 5; tries += 1) expect(await device.runOnce()).toBe('later');
    for (const [sha256, bytes] of blobs) server.blobs.set(sha256, bytes);

    expect(await device.runOnce()).toBe('committed');

    offerRelease(server, '1.1.0');
    server.blobs.clear();
    expect(await device.runOnce()).toBe('later');
  });

  test('is not done for bytes that were refused: the same offer is not even downloaded', async () => {
    offerRelease(server, '1.0.0');
    const [sha256 = '', bytes = Buffer.alloc(0)] = [...server.blobs][0] ?? [];
    server.blobs.set(sha256, Buffer.alloc(bytes.length));
    expect(await device.runOnce()).toBe('refused');
    const asked = server.requests.filter((line) => line.includes('/blobs/')).length;

    expect(await device.runOnce()).toBe('failed');
    expect(server.requests.filter((line) => line.includes('/blobs/'))).toHaveLength(asked);

    server.blobs.set(sha256, bytes);
    server.fleet.director.publish(); // the same assignment, newly signed
    expect(await device.runOnce()).toBe('committed');
  });
});

describe('the floors of a device', () => {
  const floorFiles = ['floors.json', 'floors.backup.json'];

  test.each(floorFiles)('survive the loss of %s', async (lost) => {
    offerRelease(server, '2.0.0', { securityEpoch: 2 });
    await device.runOnce();
    await rm(join(device.folder, 'state', lost));
    offerRelease(server, '1.0.0', { securityEpoch: 1 });

    expect(await device.runOnce()).toBe('refused');
    expect(last()).toMatchObject({ code: 'security_epoch_rolled_back' });
  });

  test('survive the loss of every metadata file', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    server.fleet.director.timestamp.version = 1;
    server.fleet.director.snapshot.version = 1;
    server.fleet.director.targets.version = 1;
    await rm(join(device.folder, 'state', 'metadata'), { recursive: true });

    expect(await device.runOnce()).toBe('refused');
    expect(last()).toMatchObject({ code: 'version_rolled_back' });
  });

  test('keep the time: a clock that falls back cannot make expired metadata fresh', async () => {
    offerRelease(server, '1.0.0');
    server.fleet.director.targets['custom'] = {
      deviceId: 'gw-1',
      serverTime: '2030-01-01T00:00:00Z',
    };
    expect(await device.runOnce()).toBe('committed');
    offerRelease(server, '1.1.0');
    server.fleet.director.timestamp.expires = '2029-01-01T00:00:00Z';

    expect(await device.runOnce()).toBe('refused');
    expect(last()).toMatchObject({ code: 'metadata_expired' });
  });

  test('keep the time only after everything was verified', async () => {
    offerRelease(server, '1.0.0', { hardwareIds: ['imx8mn'] });
    server.fleet.director.targets['custom'] = {
      deviceId: 'gw-1',
      serverTime: '2030-01-01T00:00:00Z',
    };
    await device.runOnce();
    offerRelease(server, '1.1.0');
    server.fleet.director.timestamp.expires = '2029-01-01T00:00:00Z';

    expect(await device.runOnce()).toBe('committed');
  });
});

test('a device that lost its state goes on numbering after what its outbox holds', async () => {
  await device.runOnce();
  const made = server.reports.length;
  server.intercept = (request, response) => {
    if (request.url !== '/device/v1/reports') return false;
    response.destroy();
    return true;
  };
  await device.runOnce();
  for (const name of ['state.json', 'state.backup.json']) {
    await writeFile(join(device.folder, 'state', name), 'torn');
  }
  server.intercept = () => false;

  await device.runOnce();

  expect(server.reports.length).toBe(made + 2);
});

test('enrolment is asked once, with the key that the device made itself', async () => {
  await device.runOnce();
  await device.runOnce();

  expect(server.enrolments).toMatchObject([
    { device: 'gw-1', product: 'gateway', hardwareId: 'rpi4', token: 'sle_test' },
  ]);
});

test('a device that an operator has not accepted yet installs nothing, and asks again', async () => {
  offerRelease(server, '1.0.0');
  server.enrolmentState = 'pending';
  expect(await device.runOnce()).toBe('not_enrolled');
  server.enrolmentState = 'accepted';

  expect(await device.runOnce()).toBe('committed');
});
