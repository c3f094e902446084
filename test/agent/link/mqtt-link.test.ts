import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Aedes, type Client } from 'aedes';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deviceTopics } from '../../../shared/protocol/topics.ts';
import { runAgent } from '../../../agent/run-agent.ts';
import {
  currentBundle,
  startDeviceServer,
  storeReports,
  type DeviceServer,
} from '../../support/device-server.ts';
import { provisionDevice, type TestDevice } from '../../support/test-agent.ts';
import { offerRelease } from '../../support/test-archive.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TOPICS = deviceTopics('gw-1');

let server: DeviceServer;
let device: TestDevice;
let broker: Aedes;
let socket: Server;
let logins: { readonly user: string; readonly password: string }[];
let heard: string[];
let clients: Client[];
let stop: AbortController;

beforeEach(async () => {
  server = await startDeviceServer();
  device = await provisionDevice(server);
  broker = await Aedes.createBroker();
  socket = createServer((connection) => {
    broker.handle(connection);
  });
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  logins = [];
  heard = [];
  clients = [];
  stop = new AbortController();
  broker.authenticate = (_client, user, password, done) => {
    logins.push({ user: user ?? '', password: password?.toString() ?? '' });
    done(null, true);
  };
  broker.on('client', (client) => clients.push(client));
  broker.on('publish', ({ topic, payload }, client: Client | null) => {
    if (client === null) return;
    heard.push(`${topic.split('/').at(-1) ?? ''} over mqtt`);
    if (topic === TOPICS.presence) heard.push(payload.toString());
    if (topic === TOPICS.reports) {
      const stored = storeReports(server, payload.toString());
      say(TOPICS.acknowledgement, JSON.stringify({ stored }), false);
    }
  });
});

afterEach(async () => {
  stop.abort();
  await server.stop();
  socket.close();
  await new Promise<void>((resolve) => {
    broker.close(resolve);
  });
});

function say(topic: string, payload: string | Uint8Array, retain: boolean): void {
  const packet = {
    cmd: 'publish',
    topic,
    payload: Buffer.from(payload),
    qos: 1,
    retain,
    dup: false,
  };
  broker.publish(packet as Parameters<Aedes['publish']>[0], () => undefined);
}

async function follow(
  changes: object = {},
  more: object = {},
): Promise<{ readonly ended: Promise<unknown> }> {
  const mqtt = `mqtt://127.0.0.1:${(socket.address() as AddressInfo | null)?.port ?? 1}`;
  await device.configure({
    server: { http: server.url, mqtt, pollSeconds: 600, ...changes },
    ...more,
  });
  return { ended: runAgent(await device.open({ signal: stop.signal }), false) };
}

const committed = (): boolean => device.events.some(({ event }) => event === 'update_committed');
const WAIT = { timeout: 30_000 };

test('an assignment that the broker retains is installed without a poll', async () => {
  await follow();
  await expect.poll(() => heard, WAIT).toContain('online');

  offerRelease(server, '1.0.0');
  say(TOPICS.assignment, await currentBundle(server.fleet.director), true);

  await expect.poll(committed, WAIT).toBe(true);
  expect(await device.running()).toEqual({ slot: 'a', version: '1.0.0' });
});

test('reports go over the broker, and leave the outbox when the server says that they are stored', async () => {
  await follow();
  await expect.poll(() => heard, WAIT).toContain('online');
  offerRelease(server, '1.0.0');
  say(TOPICS.assignment, await currentBundle(server.fleet.director), true);

  await expect
    .poll(() => server.reports.some(({ event }) => event.kind === 'receipt'), WAIT)
    .toBe(true);
  expect(heard).toContain('reports over mqtt');
});

test('each connection has a fresh token, and the device says when it goes', async () => {
  const { ended } = await follow();
  await expect.poll(() => heard, WAIT).toContain('online');
  for (const client of clients) client.close();
  await expect.poll(() => logins.length, WAIT).toBeGreaterThan(1);
  await expect.poll(() => heard.filter((word) => word === 'online').length, WAIT).toBe(2);

  stop.abort();
  await ended;

  expect(logins[0]?.user).toBe('gw-1');
  expect(logins.every(({ password }) => password.split('.').length === 3)).toBe(true);
  expect(heard.at(-1)).toBe('offline');
});

test('a broker that is down does not keep the device from its updates', async () => {
  socket.close();
  offerRelease(server, '1.0.0');

  await follow({ mqtt: 'mqtt://127.0.0.1:1', pollSeconds: 0.1 });

  await expect.poll(committed, WAIT).toBe(true);
});

test('a broker that says nonsense is ignored', async () => {
  await follow({ pollSeconds: 0.1 });
  await expect.poll(() => heard, WAIT).toContain('online');
  say(TOPICS.acknowledgement, '{"stored":"all of them"}', false);
  say(TOPICS.acknowledgement, 'garbage', false);
  say(TOPICS.assignment, '', true);
  say(TOPICS.assignment, 'garbage', true);
  offerRelease(server, '1.0.0');

  await expect.poll(committed, WAIT).toBe(true);
  const refusals = server.reports.filter(({ event }) => event.kind === 'refused');
  expect(refusals.length).toBeLessThanOrEqual(1);
});

test('to a device without a clock, what the broker drops is a knock, and the nonce goes over HTTP', async () => {
  const asked: string[] = [];
  server.intercept = ({ url = '' }) => {
    if (url.includes('/assignment')) asked.push(url);
    return false;
  };
  await follow({ pollSeconds: 600 }, { clock: 'untrusted' });
  await expect.poll(() => heard, WAIT).toContain('online');
  const old = await currentBundle(server.fleet.director); // of a nonce that is over
  const before = asked.length;
  offerRelease(server, '1.0.0');

  say(TOPICS.assignment, old, true);

  await expect.poll(committed, WAIT).toBe(true);
  expect(asked.slice(before).filter((url) => url.includes('?nonce='))).not.toEqual([]);
  expect(server.reports.some(({ event }) => event.kind === 'refused')).toBe(false);
});
