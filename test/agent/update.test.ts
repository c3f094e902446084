import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { provisionDevice, type TestDevice } from '../support/test-agent.ts';
import { filesOf, offerRelease, treeOf } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // processes on a busy machine

let server: DeviceServer;
let device: TestDevice;

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
});

afterEach(() => server.stop());

const kinds = (): readonly string[] => server.reports.map(({ event }) => event.kind);
const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;

/** A probe that is healthy only while this version runs. */
async function healthyOnlyOn(version: string): Promise<void> {
  const command = ['grep', '-qx', version, 'current/version'];
  await device.configure({
    trial: { probes: [{ kind: 'command', command }], holdSeconds: 0, deadlineSeconds: 0.2 },
  });
}

describe('a release that both repositories offer', () => {
  test('is installed, proved, and reported in the order of its stages', async () => {
    offerRelease(server, '1.0.0');

    const end = await device.runOnce();

    expect(end).toBe('committed');
    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    const stages = server.reports.map(({ event }) =>
      event.kind === 'stage' ? event.stage : event.kind,
    );
    expect(stages).toEqual([
      'started',
      'downloading',
      'installing',
      'activating',
      'trial',
      'committing',
      'receipt',
    ]);
    expect(server.reports.at(-1)?.running).toMatchObject({
      release: { version: '1.0.0' },
      installedSha256: treeOf(filesOf('1.0.0')),
      slot: 'a',
      securityEpoch: 1,
    });
  });

  test('goes to the slot that does not run, and leaves the running one as it is', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    offerRelease(server, '1.1.0');

    expect(await device.runOnce()).toBe('committed');

    expect(await device.running()).toEqual({ slot: 'b', version: '1.1.0' });
    expect(await readFile(join(device.folder, 'slots', 'a', 'version'), 'utf8')).toBe('1.0.0');
  });

  test('leaves no artifact behind, and no manifest but those of the two slots', async () => {
    for (const version of ['1.0.0', '1.1.0', '1.2.0']) {
      offerRelease(server, version);
      expect(await device.runOnce()).toBe('committed');
    }

    expect(await readdir(join(device.folder, 'state'))).not.toContain('downloads');
    expect(await readdir(join(device.folder, 'state', 'manifests'))).toHaveLength(2);
  });

  test('is nothing to do when it runs already', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();

    expect(await device.runOnce()).toBe('nothing');

    expect(kinds().filter((kind) => kind === 'receipt')).toHaveLength(1);
    expect(kinds().at(-1)).toBe('started');
  });

  test('is installed whatever the umask of the agent is', async () => {
    const before = process.umask(0o077);
    try {
      offerRelease(server, '1.0.0');
      expect(await device.runOnce()).toBe('committed');
    } finally {
      process.umask(before);
    }
  });

  test('is installed although the clock stands at 1970', async () => {
    offerRelease(server, '1.0.0');

    expect(await device.runOnce({ now: () => new Date(0) })).toBe('committed');
  });

  test('is left for later while the network breaks, and then installed', async () => {
    offerRelease(server, '1.0.0');
    server.intercept = (request, response) => {
      if (request.url?.startsWith('/image/') !== true) return false;
      response.destroy();
      return true;
    };

    expect(await device.runOnce()).toBe('later');
    expect(kinds()).not.toContain('refused');

    server.intercept = () => false;
    expect(await device.runOnce()).toBe('committed');
  });

  test('waits for its window, and is installed inside it', async () => {
    const conditions = { window: { from: '02:00', to: '04:00' } };
    offerRelease(server, '1.0.0', { conditions });

    expect(await device.runOnce({ now: () => new Date('2026-06-01T12:00:00Z') })).toBe('later');
    expect(await device.running()).toBeUndefined();

    expect(await device.runOnce({ now: () => new Date('2026-06-02T03:00:00Z') })).toBe('committed');
  });
});

describe('a release that is not healthy here', () => {
  test('is rolled back to the one before, and reported as rolled back', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    offerRelease(server, '1.1.0');
    await healthyOnlyOn('1.0.0');

    expect(await device.runOnce()).toBe('rolled_back');

    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    expect(last()).toMatchObject({
      kind: 'rolled_back',
      release: { version: '1.1.0' },
      stage: 'trial',
      reason: 'health',
    });
    expect(server.reports.at(-1)?.running?.release.version).toBe('1.0.0');
  });

  test('leaves nothing running when there was nothing before', async () => {
    offerRelease(server, '1.0.0');
    await healthyOnlyOn('none');

    expect(await device.runOnce()).toBe('rolled_back');

    expect(await device.running()).toBeUndefined();
    expect(server.reports.at(-1)?.running).toBeNull();
  });

  test('does not raise the security epoch, so the device can go on with an older one', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    offerRelease(server, '2.0.0', { securityEpoch: 2 });
    await healthyOnlyOn('1.0.0');
    await device.runOnce();
    await device.configure({});
    offerRelease(server, '1.0.1');

    expect(await device.runOnce()).toBe('committed');
  });

  test('is refused when it is offered again, once per offer and not in a loop', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    const path = offerRelease(server, '1.1.0');
    await healthyOnlyOn('1.0.0');
    await device.runOnce();
    server.fleet.assign(path); // the server signs it again: a new offer of the same release

    expect(await device.runOnce()).toBe('refused');
    expect(await device.runOnce()).toBe('refused');

    const refusals = server.reports.filter(({ event }) => event.kind === 'refused');
    expect(refusals).toHaveLength(1);
    expect(refusals[0]?.event).toMatchObject({
      code: 'release_failed_before',
      release: { version: '1.1.0' },
      path,
    });
  });

  test('is not tried again for the very offer that failed', async () => {
    offerRelease(server, '1.0.0');
    await healthyOnlyOn('none');
    await device.runOnce();
    const before = server.requests.filter((line) => line.includes('/blobs/')).length;

    expect(await device.runOnce()).toBe('failed');

    expect(server.requests.filter((line) => line.includes('/blobs/'))).toHaveLength(before);
    expect(kinds().filter((kind) => kind === 'rolled_back')).toHaveLength(1);
  });

  test('makes way for the next release', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    offerRelease(server, '1.1.0');
    await healthyOnlyOn('1.0.0');
    await device.runOnce();
    offerRelease(server, '1.2.0');
    await healthyOnlyOn('1.2.0');

    expect(await device.runOnce()).toBe('committed');
    expect(await device.running()).toEqual({ slot: 'b', version: '1.2.0' });
  });

  test('is rolled back when the service cannot be restarted', async () => {
    offerRelease(server, '1.0.0');
    await device.configure({ boot: { kind: 'symlink', restart: ['false'] } });

    expect(await device.runOnce()).toBe('rolled_back');

    expect(last()).toMatchObject({ reason: 'activation', stage: 'activating' });
  });
});

describe('a trial', () => {
  const unreachableInTrial = (): void => {
    server.intercept = (_request, response) => {
      const isTrial = device.events.some(({ stage }) => stage === 'trial');
      if (isTrial) response.destroy();
      return isTrial;
    };
  };

  test('fails when the server cannot be reached and the device must not commit alone', async () => {
    offerRelease(server, '1.0.0');
    await device.configure({
      trial: { probes: [], withoutProbes: true, holdSeconds: 0, deadlineSeconds: 0.3 },
    });
    unreachableInTrial();

    expect(await device.runOnce()).toBe('unreachable'); // the report could not be delivered either

    expect(await device.running()).toBeUndefined();
    expect(device.events).toContainEqual(
      expect.objectContaining({
        event: 'update_rolled_back',
        reason: 'health',
        detail: 'the server was not reached',
      }),
    );
  });

  test('lets the watchdog go when the update has ended', async () => {
    offerRelease(server, '1.0.0');
    const watchdog = { kind: 'device', path: '/dev/null' }; // takes whatever it is fed
    const trial = { probes: [], withoutProbes: true, holdSeconds: 0, deadlineSeconds: 5 };
    await device.configure({ trial: { ...trial, watchdog } });

    expect(await device.runOnce()).toBe('committed');

    const events = device.events.map(({ event }) => event);
    expect(events).not.toContain('watchdog_trouble');
  });

  test('passes without the server when the device may commit offline', async () => {
    offerRelease(server, '1.0.0');
    await device.configure({
      trial: {
        probes: [],
        withoutProbes: true,
        holdSeconds: 0,
        deadlineSeconds: 0.3,
        commitOffline: true,
      },
    });
    unreachableInTrial();

    await device.runOnce();

    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    expect(device.events).toContainEqual(expect.objectContaining({ event: 'update_committed' }));
  });
});
