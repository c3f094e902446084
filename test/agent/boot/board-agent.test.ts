import { chmod, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunEnd } from '../../../agent/run-agent.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { provisionDevice, type TestDevice } from '../../support/test-agent.ts';
import { offerRelease } from '../../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // processes on a busy machine

const BACKEND = `#!/bin/sh
set -e
cd "$(dirname "$0")"
case "$1" in
  get-primary) cat primary ;;
  set-primary) echo "$2" > primary ;;
  get-state) cat "state.$2" ;;
  set-state) echo "$3" > "state.$2" ;;
  get-current) cat current ;;
esac
`;

let server: DeviceServer;
let device: TestDevice;

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  await put('backend.sh', BACKEND);
  await chmod(at('backend.sh'), 0o755);
  for (const [name, text] of Object.entries({ primary: 'A', current: 'A', 'state.A': 'good' })) {
    await put(name, `${text}\n`);
  }
  await put('state.B', 'bad\n');
  await device.configure({
    boot: { kind: 'command', command: [at('backend.sh')], reboot: ['touch', at('going-down')] },
  });
});

afterEach(() => server.stop());

const at = (name: string): string => join(device.folder, name);
const put = (name: string, text: string): Promise<void> => writeFile(at(name), text);
const read = async (name: string): Promise<string> => (await readFile(at(name), 'utf8')).trim();
const endings = () =>
  server.reports.map(({ event }) => event).filter(({ kind }) => kind !== 'stage');

/** One life of the board, until it goes down because the agent asked for it. */
async function untilReboot(bootId: string): Promise<RunEnd> {
  const power = new AbortController();
  const life = device.runOnce({ bootId, signal: power.signal });
  await vi.waitFor(() => read('going-down'), { timeout: 30_000 });
  power.abort();
  return life;
}

describe('an agent on a board with a boot loader', () => {
  test('writes the spare slot, reboots into it, and commits there', async () => {
    offerRelease(server, '1.0.0');

    expect(await untilReboot('boot-1')).toBe('stopped');
    expect(await read('primary')).toBe('B');
    expect(endings()).toMatchObject([{ kind: 'started' }]);
    await put('current', 'B\n'); // the boot loader obeys
    await device.runOnce({ bootId: 'boot-2' });

    expect(endings()).toMatchObject([
      { kind: 'started' },
      { kind: 'started' },
      { kind: 'receipt' },
    ]);
    expect(server.reports.at(-1)).toMatchObject({ bootId: 'boot-2', running: { slot: 'b' } });
    expect(await read('state.B')).toBe('good');
    expect(await readFile(at('slots/b/version'), 'utf8')).toBe('1.0.0');
  });

  test('reports that the boot loader fell back, and does not try the release again', async () => {
    offerRelease(server, '1.0.0');
    await untilReboot('boot-1');
    await put('primary', 'A\n'); // the new slot did not come up, three times

    await device.runOnce({ bootId: 'boot-2' });

    expect(endings().at(-1)).toMatchObject({
      kind: 'rolled_back',
      stage: 'activating',
      reason: 'activation',
      detail: expect.stringContaining('the boot loader fell back') as unknown,
    });
    expect(await read('state.B')).toBe('bad');
    expect(await device.runOnce({ bootId: 'boot-2' })).toBe('failed');
  });

  test('writes neither slot where the boot loader would start the spare one', async () => {
    offerRelease(server, '1.0.0');
    await put('primary', 'B\n');

    expect(await device.runOnce({ bootId: 'boot-1' })).toBe('failed');

    expect(endings().at(-1)).toMatchObject({
      kind: 'failed',
      stage: 'installing',
      reason: 'internal',
      detail: expect.stringContaining('boot_slot_in_use') as unknown,
    });
    expect(existsSync(at('slots/b'))).toBe(false);
  });

  test('fails by name where its boot control is broken, and blames no release', async () => {
    offerRelease(server, '1.0.0');
    await put('current', 'system7\n');

    expect(await device.runOnce({ bootId: 'boot-1' })).toBe('failed');

    expect(endings().at(-1)).toMatchObject({
      kind: 'failed',
      reason: 'internal',
      detail: expect.stringContaining('boot_slot_unknown') as unknown,
    });
    const state = await readFile(at('state/state.json'), 'utf8');
    expect(state).toContain('"failedReleases": []');
    expect(device.events).toContainEqual(expect.objectContaining({ event: 'boot_trouble' }));
  });
});
