import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import type { ReportEvent, Running } from '../../../shared/protocol/report.ts';
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
  await rm(join(modules.device.folder, 'calls'));
});

afterEach(() => server.stop());

const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;
const running = (): Running | null | undefined => server.reports.at(-1)?.running;
const mcu = (version: string, changes = {}) =>
  forModule('mcu', 'keeper', Buffer.from(`mcu ${version}`), changes);

function offer(version: string, changes = {}): void {
  offerArtifacts(server, version, [archiveOf('app', version), mcu(version, changes)]);
}

/** The old release runs as before, with its component as it was. */
async function expectOldRelease(): Promise<void> {
  expect(await modules.device.running()).toEqual({ slot: 'a', version: '1.0.0' });
  expect(await modules.live()).toBe('mcu 1.0.0');
  expect(running()).toMatchObject({ slot: 'a', release: { version: '1.0.0' } });
}

const BACK = ['keeper ArtifactRollback', 'keeper ArtifactFailure', 'keeper Cleanup'];

describe('a module that fails', () => {
  test('in Download: nothing has changed, and only Cleanup is called', async () => {
    await modules.module('keeper', `Download) echo no room >&2; exit 3 ;; ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('failed');

    expect(last()).toMatchObject({ kind: 'failed', stage: 'installing', reason: 'module_failed' });
    expect(last()).toMatchObject({
      detail: expect.stringMatching(/ended with 3: no room/) as unknown,
    });
    expect(await modules.states()).toEqual(['keeper Download', 'keeper Cleanup']);
    await expectOldRelease();
  });

  test.each([
    ['ArtifactInstall', ['ArtifactInstall']],
    ['ArtifactCommit', ['ArtifactInstall', 'ArtifactCommit']],
  ])('in %s: it is rolled back, and the slot with it', async (state, states) => {
    const body =
      state === 'ArtifactInstall'
        ? KEEPER.replace('cp files/* "$LIVE" ;;', 'cp files/* "$LIVE"; exit 1 ;;')
        : `${state}) exit 1 ;; ${KEEPER}`;
    await modules.module('keeper', body);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ kind: 'rolled_back', reason: 'module_failed' });
    const called = states.map((each) => `keeper ${each}`);
    expect(await modules.states()).toEqual(['keeper Download', ...called, ...BACK]);
    await expectOldRelease();
    expect(running()?.installedSha256).not.toBeNull();
  });

  test('is rolled back when the trial fails, though it did nothing wrong', async () => {
    await modules.configure({
      trial: {
        probes: [{ kind: 'command', command: ['false'] }],
        holdSeconds: 0,
        deadlineSeconds: 0.1,
        intervalSeconds: 0.02,
      },
    });
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ stage: 'trial', reason: 'health' });
    expect(await modules.states()).toEqual(['keeper Download', 'keeper ArtifactInstall', ...BACK]);
    await expectOldRelease();
  });

  test('and cannot roll back is reported as it stands: its component is unproven', async () => {
    const body = KEEPER.replace('SupportsRollback) echo Yes ;;', 'ArtifactCommit) exit 1 ;;');
    await modules.module('keeper', body);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({
      reason: 'module_failed',
      detail: expect.stringMatching(/mcu was not rolled back: .* cannot roll back/) as unknown,
    });
    expect(running()?.installedSha256).toBeNull();
    expect(running()?.components?.[1]).toEqual({ component: 'mcu', installedSha256: null });
    expect(await modules.states()).not.toContain('keeper ArtifactRollback');
    expect((await modules.states()).slice(-2)).toEqual([
      'keeper ArtifactFailure',
      'keeper Cleanup',
    ]);
  });

  test('takes those that were installed before it back as well, the last one first', async () => {
    await modules.module('other', 'SupportsRollback) echo Yes ;; ArtifactInstall) exit 1 ;;');
    offerArtifacts(server, '1.1.0', [
      archiveOf('app', '1.1.0'),
      mcu('1.1.0'),
      forModule('modem', 'other', Buffer.from('modem')),
    ]);

    expect(await modules.device.runOnce()).toBe('rolled_back');

    const states = (await modules.states()).filter((line) => /Install|Rollback/.test(line));
    expect(states).toEqual([
      'keeper ArtifactInstall',
      'other ArtifactInstall',
      'other ArtifactRollback',
      'keeper ArtifactRollback',
    ]);
    await expectOldRelease();
  });
});

describe('a module that misbehaves', () => {
  test('hangs: it is asked to end, killed, and named', async () => {
    await modules.configure({}, { timeoutSeconds: 0.5 });
    const body = 'ArtifactInstall) trap "echo asked >&2" TERM; while :; do sleep 0.1; done ;;';
    await modules.module('keeper', `${body} ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({
      reason: 'module_hung',
      detail: expect.stringMatching(/ran longer than 500 ms: .*asked/s) as unknown,
    });
  });

  test('forks: what it leaves behind ends with it', async () => {
    const body = `ArtifactInstall) sleep 600 & echo $! > "$LIVE.pid"; cp "$LIVE" tmp/before; cp files/* "$LIVE" ;;`;
    await modules.module('keeper', `${body} ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('committed');

    const id = (await readFile(join(modules.device.folder, 'live.pid'), 'utf8')).trim();
    const state = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => 'gone');
    expect(state).toMatch(/gone|\) [ZX] /);
  });

  test('prints megabytes: only the end of it is kept', async () => {
    const body = 'ArtifactInstall) head -c 8000000 /dev/zero | tr "\\0" x; echo last; exit 1 ;;';
    await modules.module('keeper', `${body} ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    const detail = (last() as { readonly detail: string }).detail;
    expect(detail).toContain('xlast');
    expect(detail.length).toBeLessThan(2_000);
  });

  test('prints megabytes as an answer: that is no answer', async () => {
    await modules.module('keeper', 'NeedsArtifactReboot) head -c 8000000 /dev/zero ;;' + KEEPER);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ reason: 'module_answer' });
    await expectOldRelease();
  });

  test('exits by signal: named', async () => {
    await modules.module('keeper', `ArtifactInstall) kill -KILL $$ ;; ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({
      reason: 'module_killed',
      detail: expect.stringMatching(/killed by SIGKILL/) as unknown,
    });
  });

  test.each([
    ['ProvidePayloadFileSizes', 'failed'],
    ['NeedsArtifactReboot', 'rolled_back'],
    ['ProvideInstalledDigest', 'rolled_back'],
  ])('answers %s with nonsense: named', async (query, end) => {
    await modules.module('keeper', `${query}) echo Maybe ;; ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe(end);

    expect(last()).toMatchObject({ reason: 'module_answer' });
    expect(last()).toMatchObject({ detail: expect.stringMatching(/"Maybe"/) as unknown });
  });

  test('lies about what stands there: it is held to the signed digest', async () => {
    const installed = { sha256: sha256Hex(Buffer.from('mcu 1.1.0')) };
    const body = KEEPER.replace('cp files/* "$LIVE"', 'echo other > "$LIVE"');
    await modules.module('keeper', body);
    offer('1.1.0', { installed });

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ stage: 'activating', reason: 'module_digest' });
    await modules.module('keeper', KEEPER);
    offer('1.2.0', { installed: { sha256: sha256Hex(Buffer.from('mcu 1.2.0')) } });
    expect(await modules.device.runOnce()).toBe('committed');
  });

  test('says nothing where a digest was signed: that proves nothing', async () => {
    await modules.module('keeper', 'ArtifactInstall) cp files/* "$LIVE" ;;');
    offer('1.1.0', { installed: { sha256: sha256Hex(Buffer.from('mcu 1.1.0')) } });

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ reason: 'module_digest' });
  });
});

describe('a module that cannot be trusted to be itself', () => {
  test('is missing: refused before anything is downloaded', async () => {
    offerArtifacts(server, '1.1.0', [forModule('mcu', 'nobody', Buffer.from('x'))]);
    const blobs = (): number => server.requests.filter((line) => line.includes('/blobs/')).length;
    const before = blobs();

    expect(await modules.device.runOnce()).toBe('refused');

    expect(last()).toMatchObject({ code: 'installer_unsupported' });
    expect(blobs()).toBe(before);
  });

  test.each([
    ['not executable', 0o644],
    ['writable by its group', 0o775],
    ['writable by anybody', 0o757],
  ])('is %s: failed by its name, and never called', async (_, mode) => {
    await modules.module('keeper', KEEPER, mode);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('failed');

    expect(last()).toMatchObject({ stage: 'installing', reason: 'module_unusable' });
    expect(await modules.calls()).toEqual([]);
    await expectOldRelease();
  });

  test('lies in a folder that anybody may change: failed by its name', async () => {
    await chmod(join(modules.device.folder, 'modules'), 0o777);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('failed');

    expect(last()).toMatchObject({ reason: 'module_unusable' });
  });
});
