import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReportEvent } from '../../../shared/protocol/report.ts';
import type { RunEnd } from '../../../agent/run-agent.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { startAgent } from '../../support/agent-process.ts';
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
  await writeFile(join(modules.device.folder, 'calls'), '');
});

afterEach(() => server.stop());

const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;

function offer(version: string): void {
  const artifact = forModule('mcu', 'keeper', Buffer.from(`mcu ${version}`));
  offerArtifacts(server, version, [archiveOf('app', version), artifact]);
}

const ofReboot = async (): Promise<readonly string[]> =>
  (await modules.states())
    .map((line) => line.replace('keeper ', ''))
    .filter((state) => /Reboot|Rollback|Commit|reboot/.test(state));

describe('a module that reboots its own part of the device', () => {
  test('verifies it before the trial', async () => {
    await modules.module('keeper', `NeedsArtifactReboot) echo Yes ;; ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('committed');

    expect(await ofReboot()).toEqual(['ArtifactReboot', 'ArtifactVerifyReboot', 'ArtifactCommit']);
  });

  test('goes back with a reboot when the one forward went wrong', async () => {
    const body = `NeedsArtifactReboot) echo Yes ;; ArtifactVerifyReboot) exit 1 ;; ${KEEPER}`;
    await modules.module('keeper', body);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(await ofReboot()).toEqual([
      'ArtifactReboot',
      'ArtifactVerifyReboot',
      'ArtifactRollback',
      'ArtifactRollbackReboot',
      'ArtifactVerifyRollbackReboot',
    ]);
    expect(await modules.live()).toBe('mcu 1.0.0');
  });

  test('tries the reboot back three times, and not for ever', async () => {
    const body = `
      NeedsArtifactReboot) echo Yes ;;
      ArtifactReboot|ArtifactVerifyRollbackReboot) exit 1 ;; ${KEEPER}`;
    await modules.module('keeper', body);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    const back = ['ArtifactRollbackReboot', 'ArtifactVerifyRollbackReboot'];
    expect(await ofReboot()).toEqual([
      'ArtifactReboot',
      'ArtifactRollback',
      ...[...back, ...back, ...back],
    ]);
    expect(last()).toMatchObject({
      detail: expect.stringMatching(/mcu was not rolled back/) as unknown,
    });
  });
});

describe('a module that wants the device rebooted', () => {
  /** The agent as it lives through reboots: each ends it, and the next life has another boot id. */
  async function liveThrough(): Promise<RunEnd[]> {
    const ends: RunEnd[] = [];
    for (let life = 1; life <= 4; life += 1) {
      const power = new AbortController();
      const forget = onReboot(() => {
        power.abort();
      });
      ends.push(await modules.device.runOnce({ bootId: `life-${life}`, signal: power.signal }));
      forget();
      if (ends.at(-1) !== 'stopped') break;
    }
    return ends;
  }

  /** Calls back, as the reboot would come, once one has been asked for. */
  function onReboot(then: () => void): () => void {
    const asked = async (): Promise<number> =>
      (await modules.calls()).filter((line) => line === 'reboot.asked').length;
    const before = asked();
    const timer = setInterval(() => {
      void Promise.all([before, asked()]).then(([known, now]) => {
        if (now > known) then();
      });
    }, 20);
    return () => {
      clearInterval(timer);
    };
  }

  const reboot = (): readonly string[] => [
    'sh',
    '-c',
    `echo reboot.asked >> "${join(modules.device.folder, 'calls')}"`,
  ];

  test('gets one reboot, and is asked in the next life whether it came', async () => {
    await modules.configure({}, { reboot: reboot(), rebootSeconds: 30 });
    await modules.module('keeper', `NeedsArtifactReboot) echo Automatic ;; ${KEEPER}`);
    offer('1.1.0');

    expect((await liveThrough()).slice(0, 1)).toEqual(['stopped']);

    expect(await ofReboot()).toEqual(['reboot.asked', 'ArtifactVerifyReboot', 'ArtifactCommit']);
    expect(await modules.live()).toBe('mcu 1.1.0');
  });

  test('gets one on the way back too', async () => {
    await modules.configure({}, { reboot: reboot(), rebootSeconds: 30 });
    const body = `NeedsArtifactReboot) echo Automatic ;; ArtifactVerifyReboot) exit 1 ;; ${KEEPER}`;
    await modules.module('keeper', body);
    offer('1.1.0');

    await liveThrough();

    expect(await ofReboot()).toEqual([
      'reboot.asked',
      'ArtifactVerifyReboot',
      'ArtifactRollback',
      'reboot.asked',
      'ArtifactVerifyRollbackReboot',
    ]);
    expect(await modules.live()).toBe('mcu 1.0.0');
  });

  test('is rolled back when the reboot does not come', async () => {
    await modules.configure({}, { reboot: ['true'] });
    await modules.module('keeper', `NeedsArtifactReboot) echo Automatic ;; ${KEEPER}`);
    offer('1.1.0');

    expect(await modules.device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ reason: 'module_reboot' });
    expect(await modules.live()).toBe('mcu 1.0.0');
  });
});

describe('an agent that is killed while a module is at work', () => {
  test.each(['ArtifactInstall', 'ArtifactCommit'])(
    'in %s: the module is ended, not called again, and rolled back',
    async (state) => {
      const install = KEEPER.replace('cp files/* "$LIVE" ;;', 'cp files/* "$LIVE"; HANG ;;')
        .replace('HANG', state === 'ArtifactInstall' ? 'sleep 3; echo late > "$LIVE"' : 'true')
        .concat('\n  ArtifactCommit) sleep 3; echo late > "$LIVE" ;;');
      await modules.module('keeper', install);
      offer('1.1.0');
      const agent = startAgent(['run', '--config', modules.device.configPath]);
      await expect.poll(() => modules.states(), { timeout: 20_000 }).toContain(`keeper ${state}`);
      await expect.poll(() => modules.live()).toBe('mcu 1.1.0');
      agent.kill('SIGKILL');
      await agent.ended;

      await modules.device.runOnce();

      expect(await modules.live()).toBe('mcu 1.0.0');
      const states = await modules.states();
      expect(states.filter((line) => line === `keeper ${state}`)).toHaveLength(1);
      const told = server.reports.map(({ event }) => event);
      expect(told).toContainEqual(
        expect.objectContaining({ kind: 'rolled_back', reason: 'module_interrupted' }),
      );
      expect(await modules.device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    },
  );
});
