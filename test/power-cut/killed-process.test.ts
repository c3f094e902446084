import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startAgent } from '../support/agent-process.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { provisionDevice, type TestDevice } from '../support/test-agent.ts';
import { offerRelease } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // processes on a busy machine

let server: DeviceServer;
let device: TestDevice;

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  offerRelease(server, '1.0.0');
  expect(await device.runOnce()).toBe('committed');
});

afterEach(() => server.stop());

const STAGES = ['downloading', 'installing', 'activating', 'trial', 'committing'] as const;

describe('a real agent, killed without warning as it enters a stage', () => {
  test.each(STAGES)(
    '%s: the next start ends the update, and one receipt arrives',
    async (stage) => {
      offerRelease(server, '1.1.0');
      const agent = startAgent(['run', '--config', device.configPath]);
      await agent.saw((event) => event['event'] === 'stage_entered' && event['stage'] === stage);
      agent.kill('SIGKILL');
      await agent.ended;

      await device.runOnce();

      expect(await device.running()).toEqual({ slot: 'b', version: '1.1.0' });
      const receipts = server.reports.filter(
        ({ event }) => event.kind === 'receipt' && event.release.version === '1.1.0',
      );
      expect(receipts).toHaveLength(1);
      expect(server.reports.map(({ number }) => number)).toEqual(
        server.reports.map((_, index) => index + 1),
      );
    },
  );

  test('a rollback: the next start ends it, and it is reported once', async () => {
    await device.configure({
      trial: {
        probes: [{ kind: 'command', command: ['grep', '-qx', '1.0.0', 'current/version'] }],
        holdSeconds: 0,
        deadlineSeconds: 0.1,
      },
    });
    offerRelease(server, '1.1.0');
    const agent = startAgent(['run', '--config', device.configPath]);
    await agent.saw((event) => event['stage'] === 'rolling_back');
    agent.kill('SIGKILL');
    await agent.ended;

    expect(await device.runOnce()).toBe('rolled_back'); // what it ended is what it answers

    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    const endings = server.reports.filter(({ event }) => event.kind === 'rolled_back');
    expect(endings).toHaveLength(1);
  });
});
