// A9: freeze by clock. The device has no clock, or somebody sets it; the server's word for the time is
// replayed, or is a lie. Uptane 5.4.2.2, uptane-standard#31.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { currentBundle, startDeviceServer, type DeviceServer } from '../support/device-server.ts';
import { startAgent } from '../support/agent-process.ts';
import { testKey } from '../support/test-key.ts';
import { provisionDevice, type TestDevice } from '../support/test-agent.ts';
import { offerRelease } from '../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: DeviceServer;
let device: TestDevice;
/** What the device asked for its assignment, with what it sent along. */
let asked: string[];

const ASKS = /^\/device\/v1\/assignment/;
const dead = { now: () => new Date(0) };
const BUILT_AND_TWENTY_YEARS = '2045-12-27T00:00:00Z';

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  asked = [];
  server.intercept = note;
});

afterEach(() => server.stop());

const note: DeviceServer['intercept'] = ({ url = '' }) => {
  if (ASKS.test(url)) asked.push(url);
  return false;
};
const last = (): ReportEvent | undefined => server.reports.at(-1)?.event;

/** From now on, what the server says that the time is. */
function serverSays(serverTime: string): void {
  server.fleet.director.targets['custom'] = { deviceId: 'gw-1', serverTime };
  server.fleet.director.publish();
}

async function timeFloor(): Promise<string> {
  const text = await readFile(join(device.folder, 'state', 'floors.json'), 'utf8');
  return (JSON.parse(text) as { value: { time: string } }).value.time;
}

/** Plays back, to whatever is asked, what was said before. */
function playBack(bundle: Uint8Array): void {
  server.intercept = (request, response) => {
    if (!ASKS.test(request.url ?? '')) return note(request, response);
    note(request, response);
    response.end(bundle);
    return true;
  };
}

describe('a device whose clock stands at 1970', () => {
  test('asks with a nonce that is another each time, and goes by the time that comes with it', async () => {
    offerRelease(server, '1.0.0');

    expect(await device.runOnce(dead)).toBe('committed');
    expect(await device.runOnce(dead)).toBe('nothing');

    const nonces = asked.map((url) => /\?nonce=([A-Za-z0-9_-]{22})$/.exec(url)?.[1]);
    expect(new Set(nonces.filter((nonce) => nonce !== undefined)).size).toBe(2);
    expect(await timeFloor()).toBe('2026-06-01T12:00:00.000Z');
    expect(server.reports.at(-1)?.time).toEqual({
      verified: '2026-06-01T12:00:00.000Z',
      clock: 'before_build',
    });
  });

  test('as one with a clock does not: a nonce costs the server three signatures', async () => {
    offerRelease(server, '1.0.0');

    expect(await device.runOnce()).toBe('committed');

    expect(asked.filter((url) => url.includes('nonce'))).toEqual([]);
    expect(server.reports.at(-1)?.time?.clock).toBe('trusted');
  });

  test('refuses an old answer that is played back, and keeps its floors byte for byte', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce(dead);
    offerRelease(server, '1.1.0');
    server.fleet.director.targets['custom'] = {
      deviceId: 'gw-1',
      serverTime: '2026-06-01T12:00:00Z',
      nonce: 'of-a-poll-long-ago',
    };
    server.fleet.director.publish();
    playBack(await currentBundle(server.fleet.director));
    const time = await timeFloor();

    expect(await device.runOnce(dead)).toBe('refused');

    expect(last()).toMatchObject({ kind: 'refused', code: 'nonce_mismatch' });
    expect(await timeFloor()).toBe(time);
    expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });

    server.intercept = note;
    expect(await device.runOnce(dead)).toBe('committed');
  });

  test.each([
    ['refuses image metadata that had expired by the time the server says', -1, 'refused'],
    ['takes image metadata that has a second left by then', 1, 'committed'],
  ])('%s', async (_name, seconds, end) => {
    offerRelease(server, '1.0.0');
    serverSays('2026-06-01T12:00:00Z');
    const expires = new Date(Date.parse('2026-06-01T12:00:00Z') + seconds * 1_000);
    server.fleet.image.timestamp.expires = `${expires.toISOString().slice(0, 19)}Z`;

    expect(await device.runOnce(dead)).toBe(end);

    if (end === 'refused') expect(last()).toMatchObject({ code: 'metadata_expired' });
  });

  test('begins no update again and again that failed before, although each answer has other bytes', async () => {
    offerRelease(server, '1.0.0', { hardwareIds: ['imx8mn'] });
    expect(await device.runOnce(dead)).toBe('refused');
    expect(await device.runOnce(dead)).toBe('refused');

    const refusals = server.reports.filter(({ event }) => event.kind === 'refused');
    expect(refusals).toHaveLength(1);
  });
});

test('a device whose clock died in the midst of a trial finishes it, with nobody to ask', async () => {
  offerRelease(server, '1.0.0');
  const trial = { holdSeconds: 0, deadlineSeconds: 600, commitOffline: true };
  await device.configure({
    trial: { ...trial, probes: [{ kind: 'command', command: ['false'] }] },
  });
  const cut = startAgent(['run', '--config', device.configPath, '--once']);
  await cut.saw(({ event, stage }) => event === 'stage_entered' && stage === 'trial');
  cut.kill('SIGKILL');
  await cut.ended;
  server.intercept = (_request, response) => {
    response.destroy();
    return true;
  };
  await device.configure({ trial: { ...trial, probes: [{ kind: 'command', command: ['true'] }] } });

  await device.runOnce(dead);

  expect(device.events.map(({ event }) => event)).toContain('update_committed');
  expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
});

describe('a clock that is set back', () => {
  const yearAgo = { now: () => new Date('2026-02-01T00:00:00Z') };

  test('to before what the device has verified is not used any more', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    serverSays('2026-06-01T12:00:00Z');

    await device.runOnce(yearAgo);

    expect(asked.at(-1)).toContain('?nonce=');
    expect(server.reports.at(-1)?.time?.clock).toBe('before_floor');
  });

  test('cannot make expired metadata fresh', async () => {
    offerRelease(server, '1.0.0');
    serverSays('2026-06-01T12:00:00Z');
    await device.runOnce();
    offerRelease(server, '1.1.0');
    serverSays('2026-06-01T12:00:00Z');
    server.fleet.director.timestamp.expires = '2026-06-01T11:00:00Z';

    expect(await device.runOnce(yearAgo)).toBe('refused');
    expect(last()).toMatchObject({ code: 'metadata_expired' });

    server.fleet.director.timestamp.expires = '2026-06-01T13:00:00Z';
    server.fleet.director.publish();
    expect(await device.runOnce(yearAgo)).toBe('committed');
  });

  test('by a few minutes is only slow', async () => {
    offerRelease(server, '1.0.0');
    await device.runOnce();
    const slow = { now: () => new Date('2026-06-01T11:55:00Z') };

    await device.runOnce(slow);

    expect(server.reports.at(-1)?.time?.clock).toBe('trusted');
  });
});

describe('a clock far ahead', () => {
  test('by decades is not used, and moves no floor', async () => {
    offerRelease(server, '1.0.0');

    expect(await device.runOnce({ now: () => new Date('2106-02-07T06:28:15Z') })).toBe('committed');

    expect(server.reports.at(-1)?.time?.clock).toBe('far_ahead');
    expect(await timeFloor()).toBe('2026-06-01T12:00:00.000Z');
  });

  test('by less makes everything expired, for as long as it is wrong and no longer', async () => {
    offerRelease(server, '1.0.0');
    server.fleet.director.timestamp.expires = '2027-01-01T00:00:00Z';

    expect(await device.runOnce({ now: () => new Date('2038-01-19T03:14:07Z') })).toBe('refused');
    expect(last()).toMatchObject({ code: 'metadata_expired' });

    expect(await device.runOnce({ now: () => new Date('2026-11-01T00:00:00Z') })).toBe('committed');
    expect(await timeFloor()).toBe('2026-06-01T12:00:00.000Z');
  });
});

describe('a server time that lies', () => {
  test('beyond its own offline root is refused, and nothing is installed', async () => {
    offerRelease(server, '1.0.0');
    server.fleet.director.root.expires = '2027-01-01T00:00:00Z';
    await server.fleet.director.publishRoot();
    serverSays('2027-01-01T00:00:00Z');

    expect(await device.runOnce({ now: () => new Date('2026-11-01T00:00:00Z') })).toBe('refused');

    expect(last()).toMatchObject({ code: 'clock_untrusted' });
    expect(await timeFloor()).toBe('1970-01-01T00:00:00.000Z');
    expect(await device.running()).toBeUndefined();
  });

  test.each([
    ['2045-12-27T00:00:01Z', 'refused', '1970-01-01T00:00:00.000Z'],
    [BUILT_AND_TWENTY_YEARS, 'committed', '2045-12-27T00:00:00.000Z'],
  ])('of %s is %s, whoever signed a root that allows it', async (says, end, floor) => {
    offerRelease(server, '1.0.0');
    serverSays(says);

    expect(await device.runOnce()).toBe(end);

    if (end === 'refused') expect(last()).toMatchObject({ code: 'clock_untrusted' });
    expect(await timeFloor()).toBe(floor);
  });

  test('within it is taken back by the root that takes the keys from the liar', async () => {
    offerRelease(server, '1.0.0');
    serverSays('2044-01-01T00:00:00Z');
    expect(await device.runOnce()).toBe('committed');
    const { director } = server.fleet;
    for (const role of ['timestamp', 'snapshot', 'targets'] as const) {
      director.setKeys(role, [testKey(`new director ${role}`)]);
    }
    await director.publishRoot();
    director.timestamp.expires = '2030-01-01T00:00:00Z'; // honest: long before what the liar said
    offerRelease(server, '1.1.0');
    await device.runOnce();

    expect(await device.runOnce()).toBe('committed');

    expect(await device.running()).toEqual({ slot: 'b', version: '1.1.0' });
    expect(await timeFloor()).toBe('2026-06-01T12:00:00.000Z');
  });
});

test('a device may be configured to have no clock', async () => {
  await device.configure({ clock: 'untrusted' });
  offerRelease(server, '1.0.0');

  expect(await device.runOnce()).toBe('committed');

  expect(asked[0]).toContain('?nonce=');
  expect(server.reports.at(-1)?.time?.clock).toBe('configured');
});
