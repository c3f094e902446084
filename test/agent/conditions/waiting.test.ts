import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runAgent } from '../../../agent/run-agent.ts';
import type { ReportEvent } from '../../../shared/protocol/report.ts';
import { startDeviceServer, type DeviceServer } from '../../support/device-server.ts';
import { runAgentCommand } from '../../support/agent-process.ts';
import { provisionDevice, type TestDevice } from '../../support/test-agent.ts';
import { offerRelease } from '../../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: DeviceServer;
let device: TestDevice;
const consent = (): string => join(device.folder, 'state', 'consent');

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  await device.configure({ conditions: { pollSeconds: 0.02 } });
});

afterEach(() => server.stop());

const told = (): readonly ReportEvent[] =>
  server.reports.flatMap(({ event }) => (event.kind === 'waiting' ? [event] : []));
const names = (): readonly string[] =>
  told().map((event) =>
    event.kind === 'waiting' ? event.reasons.map(({ condition }) => condition).join() : '',
  );

describe('a release whose conditions do not hold', () => {
  test('is told to the server once, however often the device looks', async () => {
    offerRelease(server, '1.0.0', { conditions: { consent: true } });

    expect(await device.runOnce()).toBe('later');
    expect(await device.runOnce()).toBe('later');

    expect(told()).toEqual([
      {
        kind: 'waiting',
        release: expect.objectContaining({ version: '1.0.0' }) as object,
        reasons: [{ condition: 'consent', detail: 'nobody here has consented to 1.0.0' }],
      },
    ]);
    expect(await device.running()).toBeUndefined();
    expect(server.requests.filter((path) => path.includes('/blobs/'))).toEqual([]);
  });

  test('is told again when other ones do not hold, and installed when all do', async () => {
    const conditions = { window: { from: '02:00', to: '04:00' }, consent: true as const };
    offerRelease(server, '1.0.0', { conditions });
    const noon = { now: () => new Date('2026-06-01T12:00:00Z') };
    const night = { now: () => new Date('2026-06-02T03:00:00Z') };

    await device.runOnce(noon);
    await device.runOnce(night);
    await writeFile(consent(), '1.0.0');
    expect(await device.runOnce(noon)).toBe('later');
    expect(names()).toEqual(['window,consent', 'consent', 'window']);

    expect(await device.runOnce({ now: () => new Date('2026-06-03T03:00:00Z') })).toBe('committed');
    expect(names()).toHaveLength(3);
  });

  test('is told to be over when it is assigned no more', async () => {
    offerRelease(server, '1.0.0', { conditions: { consent: true } });
    await device.runOnce();
    server.fleet.assign();

    expect(await device.runOnce()).toBe('nothing');
    expect(names()).toEqual(['consent', '']);
    expect(await device.runOnce()).toBe('nothing');
    expect(names()).toHaveLength(2);
  });

  test('is shown by status, with the reason', async () => {
    offerRelease(server, '1.0.0', { conditions: { consent: true } });
    await device.runOnce();

    const args = ['status', '--config', device.configPath];
    expect((await runAgentCommand(args)).stdout).toContain(
      'waits for consent nobody here has consented to 1.0.0',
    );
    const { stdout } = await runAgentCommand([...args, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      waiting: { version: '1.0.0', reasons: [{ condition: 'consent' }] },
    });
  });

  test('is refused by name where this device does not know the condition', async () => {
    offerRelease(server, '1.0.0', { conditions: { moonPhase: 'full' } });

    expect(await device.runOnce()).toBe('refused');
    expect(server.reports.at(-1)?.event).toMatchObject({ code: 'condition_unsupported' });
  });
});

describe('an agent that goes on running', () => {
  test('begins by itself when the conditions hold, without a poll of the server in between', async () => {
    await device.configure({
      conditions: { pollSeconds: 0.02 },
      server: { http: server.url, pollSeconds: 3_600 },
    });
    offerRelease(server, '1.0.0', { conditions: { consent: true } });
    const stop = new AbortController();
    const ended = runAgent(await device.open({ signal: stop.signal }), false);
    await vi.waitFor(() => {
      expect(names()).toEqual(['consent']);
    }, 20_000);
    const polls = (): number =>
      server.requests.filter((path) => path.includes('/device/v1/assignment')).length;
    const before = polls();

    await writeFile(consent(), '');

    await vi.waitFor(async () => {
      expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
    }, 20_000);
    expect(before).toBe(1);
    stop.abort();
    expect(await ended).toBe('stopped');
    expect(names()).toEqual(['consent']);
  });

  test('ends at once when it is told to, in the midst of waiting', async () => {
    offerRelease(server, '1.0.0', { conditions: { consent: true } });
    const stop = new AbortController();
    await device.configure({ server: { http: server.url, pollSeconds: 3_600 } }); // looks each minute
    const ended = runAgent(await device.open({ signal: stop.signal }), false);
    await vi.waitFor(() => {
      expect(names()).toEqual(['consent']);
    }, 20_000);

    const begun = performance.now();
    stop.abort();

    expect(await ended).toBe('stopped');
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

test('a condition that ends during the download holds what was downloaded back, unwritten', async () => {
  await writeFile(join(device.folder, 'state-consent'), '');
  const file = join(device.folder, 'state-consent');
  await device.configure({ conditions: { consentFile: 'state-consent' } });
  offerRelease(server, '1.0.0', { conditions: { consent: true } });
  let blobs = 0;
  server.intercept = (request) => {
    if (request.url?.includes('/blobs/') !== true) return false;
    blobs += 1;
    void rm(file, { force: true });
    return false;
  };

  expect(await device.runOnce()).toBe('later');
  expect(names()).toEqual(['consent']);
  const stages = server.reports.flatMap(({ event }) =>
    event.kind === 'stage' ? [event.stage] : [],
  );
  expect(stages).toEqual(['downloading']);

  await writeFile(file, '');
  server.intercept = () => false;
  expect(await device.runOnce()).toBe('committed');
  expect(blobs).toBe(1);
});
