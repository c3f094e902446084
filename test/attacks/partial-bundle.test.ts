// A12: somebody lets one part of a release through and holds back another, or mixes parts of two.
// Uptane 4.3.2, 4.3.3: all of an assignment is there and verified before the first byte is installed.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { archiveOf, imageOf, offerArtifacts } from '../support/offer-artifacts.ts';
import { provisionDevice, type TestDevice } from '../support/test-agent.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: DeviceServer;
let device: TestDevice;

const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;
const stages = (): readonly string[] =>
  server.reports.flatMap(({ event }) => (event.kind === 'stage' ? [event.stage] : []));
const kernel = (version: string) => imageOf('kernel', Buffer.from(`kernel ${version}`));
const app = (version: string) => archiveOf('app', version);
const target = (slot: string): string => join(device.folder, 'images', `kernel-${slot}`);

/** Everything that an installer could have touched. */
async function onDisk(): Promise<object> {
  return {
    slots: (await readdir(join(device.folder, 'slots'), { recursive: true })).sort(),
    a: await readFile(target('a'), 'utf8'),
    b: await readFile(target('b'), 'utf8'),
  };
}

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  await mkdir(join(device.folder, 'images'));
  for (const slot of ['a', 'b']) await writeFile(target(slot), `factory ${slot}`);
  await device.configure({ slots: { kernel: { a: 'images/kernel-a', b: 'images/kernel-b' } } });
  offerArtifacts(server, '1.0.0', [kernel('1.0.0'), app('1.0.0')]);
  expect(await device.runOnce()).toBe('committed');
});

afterEach(() => server.stop());

describe.each([
  ['the first of two components', 0],
  ['the last of two components', 1],
])('%s is held back', (_name, blocked) => {
  test('by a server that says it has none: nothing of the other is installed', async () => {
    const before = await onDisk();
    const installed = stages().length;
    const parts = [kernel('2.0.0'), app('2.0.0')];
    offerArtifacts(server, '2.0.0', parts);
    server.blobs.delete(parts[blocked]?.artifact.sha256 ?? '');

    for (let tries = 1; tries <= 5; tries += 1) expect(await device.runOnce()).toBe('later');
    expect(await device.runOnce()).toBe('failed');

    expect(await onDisk()).toEqual(before);
    expect(stages().slice(installed)).not.toContain('installing');
    expect(server.reports.at(-1)?.running?.release.version).toBe('1.0.0');
  });

  test('with other bytes in its place: nothing of the other is installed', async () => {
    const before = await onDisk();
    const installed = stages().length;
    const parts = [kernel('2.0.0'), app('2.0.0')];
    offerArtifacts(server, '2.0.0', parts);
    const { artifact } = parts[blocked] ?? kernel('2.0.0');
    server.blobs.set(artifact.sha256, Buffer.alloc(artifact.length, 'x'));

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ kind: 'refused', code: 'artifact_hash_mismatch' });
    expect(await onDisk()).toEqual(before);
    expect(stages().slice(installed)).not.toContain('installing');
  });

  test('with the part of the release before it: a mixture of two is no release', async () => {
    const before = await onDisk();
    const parts = [kernel('2.0.0'), app('2.0.0')];
    const older = [kernel('1.0.0'), app('1.0.0')][blocked];
    offerArtifacts(server, '2.0.0', parts);
    server.blobs.set(parts[blocked]?.artifact.sha256 ?? '', older?.bytes ?? Buffer.alloc(0));

    expect(await device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ kind: 'refused' });
    expect(await onDisk()).toEqual(before);
  });
});

test('a line that drops one of them leaves the device as it was, until it does not', async () => {
  const before = await onDisk();
  const parts = [kernel('2.0.0'), app('2.0.0')];
  offerArtifacts(server, '2.0.0', parts);
  server.intercept = ({ url = '' }, response) => {
    if (!url.endsWith(parts[1]?.artifact.sha256 ?? '')) return false;
    response.destroy();
    return true;
  };

  expect(await device.runOnce({ random: () => 0 })).toBe('later');
  expect(await onDisk()).toEqual(before);

  server.intercept = () => false;
  expect(await device.runOnce()).toBe('committed');
});

test('both components let through are installed, both', async () => {
  offerArtifacts(server, '2.0.0', [kernel('2.0.0'), app('2.0.0')]);

  expect(await device.runOnce()).toBe('committed');

  expect(await readFile(target('b'), 'utf8')).toBe('kernel 2.0.0');
  expect(await device.running()).toEqual({ slot: 'b', version: '2.0.0' });
});
