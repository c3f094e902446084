import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import type { ReportEvent, Running } from '../../../shared/protocol/report.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { archiveOf, offerArtifacts } from '../../support/offer-artifacts.ts';
import { filesOf, treeOf } from '../../support/test-archive.ts';
import {
  forModule,
  KEEPER,
  provisionModuleDevice,
  type ModuleDevice,
} from '../../support/test-module.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // on a busy machine

let server: DeviceServer;
let modules: ModuleDevice;

beforeEach(async () => {
  server = await startDeviceServer();
  modules = await provisionModuleDevice(server);
  await modules.module('keeper', KEEPER);
});

afterEach(() => server.stop());

const at = (name: string): string => join(modules.device.folder, name);
const read = (name: string): Promise<string> => readFile(at(name), 'utf8').catch(() => '');
const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;
const running = (): Running | null | undefined => server.reports.at(-1)?.running;
const mcu = (version: string) => forModule('mcu', 'keeper', Buffer.from(`mcu ${version}`));
const digestOf = (version: string): string => sha256Hex(Buffer.from(`mcu ${version}`));
const SICK = {
  trial: {
    probes: [{ kind: 'command', command: ['false'] }],
    holdSeconds: 0,
    deadlineSeconds: 0.1,
    intervalSeconds: 0.02,
  },
};

describe('a release of modules alone, where a service runs from the slot', () => {
  const boot = () => ({
    boot: { kind: 'symlink', restart: ['sh', '-c', `echo again >> "${at('restarts')}"`] },
  });

  beforeEach(async () => {
    await modules.configure(boot());
    offerArtifacts(server, '1.0.0', [archiveOf('app', '1.0.0'), mcu('1.0.0')]);
    expect(await modules.device.runOnce()).toBe('committed');
  });

  test('leaves the slot and what runs from it alone, and is proven beside it', async () => {
    offerArtifacts(server, '1.1.0', [mcu('1.1.0')]);

    expect(await modules.device.runOnce()).toBe('committed');

    expect(await modules.device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    expect(await read('restarts')).toBe('again\n'); // that was 1.0.0
    expect(existsSync(at('slots/b'))).toBe(false);
    expect(await modules.live()).toBe('mcu 1.1.0');
    expect(running()).toMatchObject({
      release: { version: '1.1.0' },
      slot: 'a',
      installedSha256: digestOf('1.1.0'),
      components: [
        { component: 'mcu', installedSha256: digestOf('1.1.0') },
        { component: 'app', installedSha256: treeOf(filesOf('1.0.0')) },
      ],
    });
  });

  test('is taken back by its modules, and what is told is what stood there before', async () => {
    const before = running();
    await modules.configure({ ...boot(), ...SICK });
    offerArtifacts(server, '1.1.0', [mcu('1.1.0')]);

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ kind: 'rolled_back', stage: 'trial', reason: 'health' });
    expect(running()).toEqual(before);
    expect(await modules.live()).toBe('mcu 1.0.0');
    expect(await modules.device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    expect(await read('restarts')).toBe('again\n');
  });

  test('does not hide that what it left in the slot has drifted', async () => {
    offerArtifacts(server, '1.1.0', [mcu('1.1.0')]);
    await modules.device.runOnce();
    await writeFile(at('slots/a/version'), 'changed by hand');

    await modules.device.runOnce();

    const drift = modules.device.events.find(({ event }) => event === 'slot_drifted');
    expect(drift).toMatchObject({ components: 'app' });
  });

  test('tells that an older component is unproven, when it could not be taken back', async () => {
    await modules.module('other', 'ArtifactInstall) true ;;');
    offerArtifacts(server, '1.1.0', [forModule('modem', 'other', Buffer.from('modem'))]);
    expect(await modules.device.runOnce()).toBe('committed');
    const digest = `ProvideInstalledDigest) sha256sum "$LIVE" | cut -d' ' -f1 ;;`;
    await modules.module('keeper', `ArtifactInstall) cp files/* "$LIVE"; exit 1 ;; ${digest}`);
    offerArtifacts(server, '1.2.0', [mcu('1.2.0')]);

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(running()).toMatchObject({
      release: { version: '1.1.0' },
      components: [
        { component: 'modem', installedSha256: null },
        { component: 'app', installedSha256: treeOf(filesOf('1.0.0')) },
        { component: 'mcu', installedSha256: null },
      ],
    });
  });

  test('is proven by what stands there now, whatever had drifted before', async () => {
    await modules.device.runOnce();
    await writeFile(at('live'), 'something else');
    offerArtifacts(server, '1.1.0', [mcu('1.1.0')]);

    expect(await modules.device.runOnce()).toBe('committed');

    expect(modules.device.events.some(({ event }) => event === 'slot_drifted')).toBe(true);
    expect(running()?.installedSha256).toBe(digestOf('1.1.0'));
  });

  test('is followed by a whole release in the other slot', async () => {
    offerArtifacts(server, '1.1.0', [mcu('1.1.0')]);
    await modules.device.runOnce();
    offerArtifacts(server, '2.0.0', [archiveOf('app', '2.0.0'), mcu('2.0.0')]);

    expect(await modules.device.runOnce()).toBe('committed');

    expect(await modules.device.running()).toEqual({ slot: 'b', version: '2.0.0' });
    expect(running()?.components?.map(({ component }) => component)).toEqual(['app', 'mcu']);
  });
});

describe('a release of modules alone, on a board that boots its slots', () => {
  const BACKEND = `#!/bin/sh
    cd "$(dirname "$0")"; echo "$*" >> boot-calls
    case "$1" in
      get-primary|get-current) echo A ;;
      get-state) if test "$2" = A; then echo good; else echo bad; fi ;;
    esac`;

  beforeEach(async () => {
    await writeFile(at('backend.sh'), BACKEND);
    await chmod(at('backend.sh'), 0o755);
    await configure();
  });

  const configure = (changes = {}, ofModules = {}): Promise<void> =>
    modules.configure(
      {
        boot: { kind: 'command', command: [at('backend.sh')], reboot: ['touch', at('rebooted')] },
        ...changes,
      },
      ofModules,
    );
  const changesOfBoot = async (): Promise<readonly string[]> =>
    (await read('boot-calls')).split('\n').filter((line) => line.startsWith('set-'));

  test('is committed in the slot that runs, which is only told once more that it is good', async () => {
    offerArtifacts(server, '1.1.0', [mcu('1.1.0')]);

    expect(await modules.device.runOnce()).toBe('committed');

    expect(running()).toMatchObject({ slot: 'a', installedSha256: digestOf('1.1.0') });
    expect(new Set(await changesOfBoot())).toEqual(new Set(['set-state A good']));
    expect(existsSync(at('rebooted'))).toBe(false);
  });

  test('never calls the slot that runs bad when it fails', async () => {
    await configure(SICK);
    offerArtifacts(server, '1.1.0', [mcu('1.1.0')]);

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(await modules.live()).toBe('factory');
    expect(running()).toBeNull(); // what stood there came with the board, and still does
    expect(await changesOfBoot()).toEqual(['set-state A good']); // its start, as ever
    expect(existsSync(at('rebooted'))).toBe(false);
  });

  test('fails when the boot loader has gone to the other slot meanwhile', async () => {
    const falls = KEEPER.replace('cp files/* "$LIVE" ;;', 'cp files/* "$LIVE"; FALL ;;');
    const fall = `sed -i 's/get-current) echo A/get-current) echo B/; s/|get-current) echo A/) echo A ;; get-current) echo B/' "${at('backend.sh')}"`;
    await modules.module('keeper', falls.replace('FALL', fall));
    offerArtifacts(server, '1.1.0', [mcu('1.1.0')]);

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ stage: 'activating', reason: 'activation' });
    expect(last()).toMatchObject({ detail: 'slot a no longer runs' });
    expect(await modules.live()).toBe('factory');
    expect(await changesOfBoot()).toEqual(['set-state A good']); // before that, its start
  });
});
