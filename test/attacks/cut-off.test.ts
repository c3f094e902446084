// A16: somebody drops what the device asks for, or answers with what does not hold. It cannot be
// prevented; it must be noticed (TUF 1.5.2), here while it lasts and by the server once it is over.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { runAgentCommand } from '../support/agent-process.ts';
import { provisionDevice, testConfig, type TestDevice } from '../support/test-agent.ts';
import { offerRelease } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let server: DeviceServer;
let device: TestDevice;

const POLLS = 3;

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  await device.runOnce(); // enrolled
  const { server: way } = testConfig(server) as { server: object };
  await device.configure({ server: { ...way, noticeAfterPolls: POLLS } });
});

afterEach(() => server.stop());

const noticed = (): readonly ReportEvent[] =>
  server.reports.map(({ event }) => event).filter(({ kind }) => kind === 'noticed');
const logged = (event: string): readonly object[] =>
  device.events.filter((line) => line['event'] === event);
const polls = async (count: number): Promise<void> => {
  for (let made = 1; made <= count; made += 1) await device.runOnce();
};

/** What the deaf end of the line does to a poll. */
const ATTACKS: [string, DeviceServer['intercept'], string][] = [
  [
    'drops every request',
    (_request, response) => {
      response.destroy();
      return true;
    },
    'server_unreachable',
  ],
  [
    'answers that it is busy, for ever',
    (_request, response) => {
      response.writeHead(503).end();
      return true;
    },
    'server_unreachable',
  ],
  [
    'answers with garbage',
    ({ url = '' }, response) => {
      if (!url.startsWith('/device/v1/assignment')) return false;
      response.end('garbage');
      return true;
    },
    'metadata_malformed',
  ],
  [
    'answers without end',
    ({ url = '' }, response) => {
      if (!url.startsWith('/device/v1/assignment')) return false;
      response.end(Buffer.alloc(5_000_000, ' '));
      return true;
    },
    'metadata_too_large',
  ],
];

describe.each(ATTACKS)('somebody who %s', (_name, attack, code) => {
  test('is an event here after some polls, and reported when the server is back', async () => {
    server.intercept = attack;
    await polls(POLLS - 1);
    expect(logged('cut_off_noticed')).toEqual([]);
    await polls(1);
    expect(logged('cut_off_noticed')).toMatchObject([{ polls: POLLS, code }]);
    expect(noticed()).toEqual([]);

    server.intercept = () => false;
    await polls(1);

    expect(logged('cut_off_ended')).toHaveLength(1);
    expect(noticed()).toMatchObject([
      {
        kind: 'noticed',
        attack: 'cut_off',
        times: POLLS,
        code,
        since: expect.any(String) as string,
      },
    ]);
  });

  test('for one poll less is nothing to speak of', async () => {
    server.intercept = attack;
    await polls(POLLS - 1);

    server.intercept = () => false;
    await polls(2);

    expect(noticed()).toEqual([]);
  });
});

test('the device still boots, runs and says what is wrong while it is cut off', async () => {
  offerRelease(server, '1.0.0');
  expect(await device.runOnce()).toBe('committed');
  server.intercept = (_request, response) => {
    response.destroy();
    return true;
  };
  await polls(POLLS);

  const { stdout } = await runAgentCommand(['status', '--config', device.configPath, '--json']);

  expect(JSON.parse(stdout)).toMatchObject({
    running: { version: '1.0.0' },
    cutOff: { times: POLLS, code: 'server_unreachable' },
  });
  expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
});

test('an answer of "as before" for ever is not believed for longer than the server signs for', async () => {
  const stop = new AbortController();
  let time = 0;
  const tags: (string | undefined)[] = [];
  server.intercept = ({ url = '', headers }, response) => {
    if (!url.startsWith('/device/v1/assignment')) return false;
    tags.push(headers['if-none-match']);
    time += 5 * 3_600_000; // a poll every five hours
    if (headers['if-none-match'] === undefined) return false;
    response.writeHead(304).end();
    return true;
  };
  const agent = await device.open({ signal: stop.signal, milliseconds: () => time });
  const { runAgent } = await import('../../agent/run-agent.ts');
  const ended = runAgent(agent, false);

  await expect.poll(() => tags.length, { timeout: 30_000 }).toBeGreaterThan(7);
  stop.abort();
  await ended;

  const asNew = tags.slice(1).indexOf(undefined);
  expect(asNew).toBeGreaterThan(0); // it did take "as before" for an answer
  expect(asNew).toBeLessThanOrEqual(5); // and no longer than a day
});
