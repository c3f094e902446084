// A25: somebody reads along. Tokens and unreleased firmware go over TLS, or nowhere: a wire without it
// is used only where the configuration says so in words. What this does not cover: artifacts are not
// encrypted for one device, so whoever may fetch a blob, or takes a board apart, can read it.
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '../../agent/config/load-config.ts';
import { httpClient, type HttpClient } from '../../agent/link/http.ts';
import { mqttLink } from '../../agent/link/mqtt-link.ts';
import { isPrivate } from '../../agent/link/plaintext.ts';
import { serverOverHttp, type Server as Updates } from '../../agent/link/server.ts';
import { testConfig } from '../support/test-agent.ts';

/** Another machine, as far as the agent can know; in truth this one, so that a test may listen. */
const ELSEWHERE = '0.0.0.0';
const TOKEN = 'eyJ.secret.token';

let wire: Server;
let port: number;
/** What could be read on the wire. */
let overheard: string;
let connections: number;
const sockets = new Set<Socket>();

beforeEach(async () => {
  overheard = '';
  connections = 0;
  wire = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      overheard += chunk.toString('latin1');
      socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  ({ port } = wire.address() as AddressInfo);
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  wire.close();
});

function updatesOver(base: string, client: HttpClient): Updates {
  return serverOverHttp({
    base: new URL(base),
    http: client,
    token: () => Promise.resolve(TOKEN),
    tokenRefused: () => Promise.resolve(false),
    signal: new AbortController().signal,
    answerMs: 2_000,
    pace: { windowMs: 2_000, bytesPerSecond: 1, milliseconds: () => performance.now() },
  });
}

const clientThat = (allowPlaintext: boolean): HttpClient =>
  httpClient({ ca: undefined, allowPlaintext, idleMs: 2_000 });

const ASKS: [string, (updates: Updates) => Promise<unknown>][] = [
  ['the assignment', (updates) => updates.assignment(undefined)],
  ['reports', (updates) => updates.report(Buffer.from('{"reports":[]}'))],
  ['enrolment, with its token', (updates) => updates.enrol(Buffer.from('secret'))],
  ['metadata', (updates) => updates.fetchImage('timestamp.json', 100)],
  ['a blob', (updates) => updates.fetchBlob('0'.repeat(64), 100)],
];

describe.each(ASKS)('%s', (_name, ask) => {
  test('is not asked for where somebody could read along', async () => {
    const client = clientThat(false);

    await expect(ask(updatesOver(`http://${ELSEWHERE}:${port}/`, client))).rejects.toThrow(
      'is not TLS',
    );

    expect(connections).toBe(0);
    client.close();
  });

  test('is, when the configuration says so in words', async () => {
    const client = clientThat(true);

    await ask(updatesOver(`http://${ELSEWHERE}:${port}/`, client)).catch(() => undefined);

    expect(connections).toBe(1);
    client.close();
  });
});

describe('a server that leads the device away', () => {
  test('to a wire that can be read is not followed, and to another machine goes no token', async () => {
    const client = clientThat(false);
    const lure = createServer((socket) => {
      const location = `http://${ELSEWHERE}:${port}/stolen`;
      const head = `HTTP/1.1 302 Found\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`;
      socket.on('data', () => socket.end(head));
    });
    await new Promise<void>((resolve) => lure.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(lure.address() as AddressInfo).port}/`;

    const blob = updatesOver(base, client).fetchBlob('0'.repeat(64), 100);
    await expect(blob).rejects.toThrow('is not TLS');
    expect(connections).toBe(0);

    const open = clientThat(true);
    const followed = updatesOver(base, open).fetchBlob('0'.repeat(64), 100);
    await expect(followed).rejects.toThrow('404');
    expect(overheard).toContain('GET /stolen');
    expect(overheard).not.toContain(TOKEN);
    client.close();
    open.close();
    lure.close();
  });
});

describe('the broker', () => {
  const link = (allowPlaintext: boolean, stop: AbortController, token: () => Promise<string>) =>
    mqttLink({
      url: new URL(`mqtt://${ELSEWHERE}:${port}`),
      ca: undefined,
      allowPlaintext,
      deviceId: 'gw-1',
      token,
      onAssignment: () => undefined,
      onAcknowledgement: () => undefined,
      onConnected: () => undefined,
      backoff: { firstMs: 1, maxMs: 1 },
      random: () => 0,
      pause: () => {
        stop.abort();
        return Promise.resolve();
      },
      signal: stop.signal,
      log: () => undefined,
    });

  test('is sent no token where somebody could read along, not even a connection', async () => {
    const token = vi.fn(() => Promise.resolve(TOKEN));

    await link(false, new AbortController(), token).run();

    expect(connections).toBe(0);
    expect(token).not.toHaveBeenCalled();
  });

  test('is, when the configuration says so in words', async () => {
    await link(true, new AbortController(), () => Promise.resolve(TOKEN)).run();

    expect(connections).toBe(1);
    expect(overheard).toContain(TOKEN);
  });
});

describe('the configuration', () => {
  const textWith = (way: object): string =>
    JSON.stringify({
      ...testConfig({ url: 'https://updates.example' }),
      server: { http: 'https://updates.example', ...way },
    });

  test.each([
    [{ http: 'http://updates.example' }],
    [{ mqtt: 'mqtt://updates.example' }],
    [{ http: 'http://127.0.0.1.updates.example' }],
    [{ http: 'http://localhost.updates.example' }],
    [{ http: 'http://[::ffff:192.0.2.1]' }],
  ])('with %j is refused before anything is sent, and taken when it says so in words', (way) => {
    expect(() => parseConfig(textWith(way), 'agent.json')).toThrow('is not TLS');

    expect(parseConfig(textWith({ ...way, allowPlaintext: true }), 'agent.json')).toBeDefined();
  });

  test.each([
    'https://updates.example',
    'http://127.0.0.1:8080',
    'http://[::1]/',
    'mqtts://x:8883',
  ])('may name %s: nobody is between', (address) => {
    expect(isPrivate(new URL(address))).toBe(true);
  });
});
