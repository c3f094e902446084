import { appendFile, chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runAgent } from '../../../agent/run-agent.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { provisionDevice, type TestDevice } from '../../support/test-agent.ts';
import { filesOf, offerRelease, treeOf } from '../../support/test-archive.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let server: DeviceServer;
let device: TestDevice;
const FILES = [
  ...filesOf('1.0.0'),
  { path: 'etc/hostname', mode: 0o644, bytes: Buffer.from('factory') },
];
const inSlot = (path: string): string => join(device.folder, 'slots', 'current', path);

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
});

afterEach(() => server.stop());

async function install(drift: object): Promise<void> {
  await device.configure({ drift });
  offerRelease(server, '1.0.0', { files: FILES });
  expect(await device.runOnce()).toBe('committed');
}

/** The components of each drift report, joined. */
const told = (): readonly string[] =>
  server.reports.flatMap(({ event }) => (event.kind === 'drift' ? [event.components.join()] : []));

describe('a slot that was changed', () => {
  test('is reported once, with what is measured, and once more when it is as signed again', async () => {
    await install({});
    await appendFile(inSlot('version'), 'x');

    await device.runOnce();
    await device.runOnce();
    expect(told()).toEqual(['firmware']);
    expect(server.reports.at(-1)?.running?.installedSha256).not.toBe(treeOf(FILES));

    await writeFile(inSlot('version'), '1.0.0');
    await device.runOnce();
    expect(told()).toEqual(['firmware', '']);
    expect(server.reports.at(-1)?.running?.installedSha256).toBe(treeOf(FILES));
  });

  test('is left as it is, unless the policy is to repair it', async () => {
    await install({});
    await appendFile(inSlot('version'), 'x');

    expect(await device.runOnce()).toBe('nothing');
    expect((await device.running())?.slot).toBe('a');
  });

  test('is repaired by installing the same release in the other slot', async () => {
    await install({ repair: true });
    await appendFile(inSlot('version'), 'x');

    expect(await device.runOnce()).toBe('committed');

    expect(await device.running()).toEqual({ slot: 'b', version: '1.0.0' });
    expect(server.reports.at(-1)?.event.kind).toBe('receipt');
    expect(server.reports.at(-1)?.running?.installedSha256).toBe(treeOf(FILES));
    expect(await device.runOnce()).toBe('nothing');
  });

  test('is repaired three times and no more: something writes into its own release', async () => {
    await install({ repair: true });
    for (let repairs = 1; repairs <= 3; repairs += 1) {
      await appendFile(inSlot('version'), 'x');
      expect(await device.runOnce()).toBe('committed');
    }
    await appendFile(inSlot('version'), 'x');

    expect(await device.runOnce()).toBe('nothing');
  });
});

describe('local state that is allowed', () => {
  beforeEach(() => install({ allow: ['etc', 'run/state'] }));

  test('may change, vanish and appear without being drift', async () => {
    await writeFile(inSlot('etc/hostname'), 'mine');
    await device.runOnce();
    await rm(inSlot('etc/hostname'));
    await writeFile(inSlot('etc/new'), '');
    await chmod(inSlot('etc'), 0o700);
    await device.runOnce();

    expect(told()).toEqual([]);
    expect(server.reports.at(-1)?.running?.installedSha256).toBe(treeOf(FILES));
  });

  test.each([
    ['a file beside it', 'etcetera'],
    ['a folder above it', 'run'],
  ])('does not cover %s', async (_name, path) => {
    await mkdir(inSlot(path), { recursive: true });
    await device.runOnce();
    expect(told()).toEqual(['firmware']);
  });

  test('hides no change elsewhere', async () => {
    await writeFile(inSlot('etc/hostname'), 'mine');
    await appendFile(inSlot('version'), 'x');
    await device.runOnce();
    expect(told()).toEqual(['firmware']);
  });

  test('is known only by what the signed digest covers: a forged note helps nobody', async () => {
    await appendFile(inSlot('version'), 'x');
    const note = [{ kind: 'file', path: 'etc/hostname', mode: 0o644, sha256: '0'.repeat(64) }];
    await writeFile(join(device.folder, 'state', 'local', 'a.firmware.json'), JSON.stringify(note));
    await device.runOnce();
    expect(told()).toEqual(['firmware']);
  });
});

test('a running agent looks again on its timer, reports, and repairs by policy', async () => {
  await install({ repair: true, everyHours: 0.000_01 });
  const stop = new AbortController();
  const ended = runAgent(await device.open({ signal: stop.signal }), false);

  await appendFile(inSlot('version'), 'x');

  await vi.waitFor(async () => {
    expect(await device.running()).toEqual({ slot: 'b', version: '1.0.0' });
    expect(server.reports.at(-1)?.event.kind).toBe('receipt');
  }, 60_000);
  stop.abort();
  expect(await ended).toBe('stopped');
  expect(told()).toEqual(['firmware']);
});
