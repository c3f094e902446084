import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReportEvent } from '../../../shared/protocol/report.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { archiveOf, offerArtifacts } from '../../support/offer-artifacts.ts';
import {
  forModule,
  KEEPER,
  provisionModuleDevice,
  type ModuleDevice,
} from '../../support/test-module.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // on a busy machine

let server: DeviceServer;
let modules: ModuleDevice;

beforeEach(async () => {
  server = await startDeviceServer();
  modules = await provisionModuleDevice(server);
  await modules.module('keeper', KEEPER);
  offer('1.0.0');
  expect(await modules.device.runOnce()).toBe('committed');
});

afterEach(() => server.stop());

const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;
const detail = (): string => (last() as { readonly detail: string }).detail;

function offer(version: string): void {
  const mcu = forModule('mcu', 'keeper', Buffer.from(`mcu ${version}`));
  offerArtifacts(server, version, [archiveOf('app', version), mcu]);
}

async function expectOldRelease(): Promise<void> {
  expect(await modules.device.running()).toEqual({ slot: 'a', version: '1.0.0' });
  expect(await modules.live()).toBe('mcu 1.0.0');
}

const pidIn = async (name: string): Promise<number> =>
  Number(await readFile(join(modules.device.folder, name), 'utf8'));
const isAlive = async (id: number): Promise<boolean> => {
  const state = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
  return state !== '' && !/\) [ZX] /.test(state);
};

describe('a module that never comes to an end', () => {
  test('while it is only asked something is killed after the time of a query', async () => {
    await modules.configure({}, { querySeconds: 0.5 });
    await modules.module('keeper', `NeedsArtifactReboot) sleep 600 ;; ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ reason: 'module_hung' });
    expect(detail()).toMatch(/in NeedsArtifactReboot ran longer than 500 ms/);
    await expectOldRelease();
  });

  test('while its payload waits in the streams is killed, and nothing has changed', async () => {
    await modules.configure({}, { timeoutSeconds: 0.5 });
    await modules.module('keeper', `Download) cat stream-next; sleep 600 ;; ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('failed');

    expect(last()).toMatchObject({ stage: 'installing', reason: 'module_hung' });
    await expectOldRelease();
  });

  test('and never stops talking either costs no memory, and is killed', async () => {
    await modules.configure({}, { timeoutSeconds: 0.5 });
    await modules.module('keeper', `ArtifactInstall) yes and so on ;; ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ reason: 'module_hung' });
    expect(detail().length).toBeLessThan(2_000);
    await expectOldRelease();
  });
});

describe('a module that ends by a signal', () => {
  test.each([
    ['Download', 'failed'],
    ['NeedsArtifactReboot', 'rolled_back'],
    ['ArtifactCommit', 'rolled_back'],
  ])('in %s is named by it', async (state, end) => {
    await modules.module('keeper', `${state}) kill -SEGV $$ ;; ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe(end);

    expect(last()).toMatchObject({ reason: 'module_killed' });
    expect(detail()).toContain(`in ${state} was killed by SIGSEGV`);
    await expectOldRelease();
  });
});

describe('a module that is no good', () => {
  test('because it removes its own folder fails, and says what it cannot take back', async () => {
    await modules.module('keeper', `ArtifactInstall) rm -rf "$FILES"; exit 1 ;; ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ reason: 'module_failed' });
    expect(detail()).toMatch(/mcu was not rolled back/);
    expect(server.reports.at(-1)?.running).toMatchObject({ installedSha256: null });
    await modules.module('keeper', KEEPER);
    offer('1.2.0');
    expect(await modules.device.runOnce()).toBe('committed');
  });

  test('because it lies about its way back is found by what stands there', async () => {
    const lie = KEEPER.replace('cp tmp/before "$LIVE" ;;', 'true ;; ArtifactCommit) exit 1 ;;');
    await modules.module('keeper', lie);
    offer('1.1.0');
    expect(await modules.device.runOnce()).toBe('rolled_back');

    await modules.device.runOnce(); // each start measures

    const drift = modules.device.events.find(({ event }) => event === 'slot_drifted');
    expect(drift).toMatchObject({ components: 'mcu' });
  });
});

describe('what a module has started', () => {
  const body = (start: string): string =>
    `ArtifactInstall) cp "$LIVE" tmp/before; cp files/* "$LIVE"; ${start} ;; ${KEEPER}`;

  test('ends with it where it stayed in its group', async () => {
    await modules.module('keeper', body('sleep 600 & echo $! > "$LIVE.pid"'));
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('committed');

    expect(await isAlive(await pidIn('live.pid'))).toBe(false);
  });

  test('lives on as a service that left it, through the next start of the agent too', async () => {
    const service = `setsid sh -c 'echo $$ > "$0.pid"; exec sleep 600' "$LIVE" >/dev/null 2>&1 &`;
    const waits = 'while ! test -s "$LIVE.pid"; do sleep 0.05; done';
    await modules.module('keeper', body(`${service} ${waits}`));
    offer('1.1.0');
    expect(await modules.device.runOnce()).toBe('committed');
    const id = await pidIn('live.pid');

    await modules.device.runOnce();

    expect(await isAlive(id)).toBe(true);
    process.kill(id);
    await rm(join(modules.device.folder, 'live.pid'));
  });
});
