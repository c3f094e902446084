// A26: somebody who holds no key keeps the server busy. Every request of somebody unknown costs bounded
// work, bounded memory and bounded time, and devices are served beside it.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { readConfig } from '../../server/config.ts';
import { listenHttp, type HttpListener } from '../../server/run/listen-http.ts';
import { startServer, type RunningServer } from '../../server/run/start-server.ts';
import { MAX_REPORT_MESSAGE_BYTES } from '../../shared/protocol/report.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const closers: (() => unknown)[] = [];
const MIB = 1_024 * 1_024;

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function realServer(): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sealift-server-'));
  const file = { dataDir, http: { port: 0 }, mqtt: { port: 0 }, logLevel: 'silent' };
  const server = await startServer(readConfig(JSON.stringify(file), {}), {
    now: () => new Date(),
    randomBytes: (count) => randomBytes(count),
    newId: () => randomUUID(),
    log: () => undefined,
  });
  closers.push(server.close);
  return server;
}

/** A server of one word, whose limits a test can wait for. */
async function smallServer(connections = 3): Promise<HttpListener> {
  const listener = await listenHttp({
    fetch: () => new Response('served'),
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    limits: { connections, headersMs: 400, idleMs: 800 },
  });
  closers.push(listener.close);
  return listener;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  closers.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the other side has hung up, however rudely. */
function closed(socket: Socket): Promise<void> {
  socket.resume(); // an end is only seen by whoever reads
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else {
      socket.once('close', () => {
        resolve();
      });
    }
  });
}
const isServed = async (url: string): Promise<boolean> => (await fetch(url)).ok;

describe('a body without end', () => {
  test.each([
    ['an enrolment', '/device/v1/enroll', 413],
    ['reports without a token', '/device/v1/reports', 413],
    ['an operator without a token', '/api/v1/releases', 401],
    ['an upload without a token', `/api/v1/blobs/${'a'.repeat(64)}`, 401],
  ])('of %s is refused before it is in memory', async (_name, path, status) => {
    const server = await realServer();
    const before = process.memoryUsage().rss;
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += MIB;
        if (sent > 200 * MIB) controller.close();
        else controller.enqueue(new Uint8Array(MIB));
      },
    });

    const answer = await fetch(`${server.http}${path}`, {
      method: path.includes('blobs') ? 'PUT' : 'POST',
      body: endless,
      duplex: 'half',
    }).then(
      (got) => got.status,
      () => status, // it hung up on us, which is an answer too
    );

    expect(answer).toBe(status);
    expect(sent).toBeLessThan(100 * MIB);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB);
    expect(await isServed(`${server.http}/healthz`)).toBe(true);
  });

  test('announced and never sent is refused by its announcement', async () => {
    const server = await realServer();
    const { port } = new URL(server.http);
    const socket = await open(Number(port));
    const length = MAX_REPORT_MESSAGE_BYTES + 1;

    socket.write(
      `POST /device/v1/reports HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`,
    );

    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe('headers', () => {
  test('that trickle are cut off in time, and others are served meanwhile', async () => {
    const { port } = await smallServer();
    const loris = await open(port);
    loris.write('GET / HTTP/1.1\r\nhost: x\r\n');
    const trickle = setInterval(() => loris.write('a: b\r\n'), 100);
    closers.push(() => {
      clearInterval(trickle);
    });

    expect(await isServed(`http://127.0.0.1:${port}/`)).toBe(true);
    await closed(loris);
  });

  test('that are larger than anybody needs are refused', async () => {
    const { port } = await smallServer();
    const socket = await open(port);

    socket.write(`GET / HTTP/1.1\r\nhost: x\r\ncookie: ${'x'.repeat(64 * 1_024)}\r\n\r\n`);

    const [head] = (await once(socket, 'data')) as [Buffer];
    expect(head.toString()).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('connections', () => {
  test('that say nothing are let go', async () => {
    const { port } = await smallServer();

    await closed(await open(port));
  });

  test('that begin a body and stop are let go', async () => {
    const { port } = await smallServer();
    const socket = await open(port);
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf');

    await closed(socket);
  });

  test('beyond the limit are closed, and there is room again when one ends', async () => {
    const { port } = await smallServer(2);
    const first = await open(port);
    await open(port);
    const third = await open(port);
    await closed(third);

    first.destroy();

    await expect
      .poll(() => isServed(`http://127.0.0.1:${port}/`).catch(() => false), { timeout: 10_000 })
      .toBe(true);
  });

  test('to the broker that say nothing are let go, and devices are still let in', async () => {
    const server = await realServer();
    const { port } = new URL(server.mqtt);
    const silent = await open(Number(port));

    await closed(silent);

    expect((await open(Number(port))).destroyed).toBe(false);
  });

  test('by the hundred, to both ports at once, leave the server serving', async () => {
    const server = await realServer();
    const ports = [server.http, server.mqtt].map((address) => Number(new URL(address).port));
    const flood: Socket[] = [];
    for (let made = 0; made < 300; made += 1) flood.push(await open(ports[made % 2] ?? 0));

    expect(await isServed(`${server.http}/healthz`)).toBe(true);

    for (const socket of flood) socket.destroy();
    expect(await isServed(`${server.http}/healthz`)).toBe(true);
  });
});

test('a token that is no token costs a look at its length, its form or one key, and opens nothing', async () => {
  const server = await realServer();
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const forged = `${part({ alg: 'EdDSA' })}.${part({ sub: 'gw-1' })}.${'A'.repeat(86)}`;
  for (const token of ['x', 'x'.repeat(8_000), 'a.b.c', forged, `${part({ alg: 'none' })}.e30.`]) {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${server.http}/device/v1/assignment?nonce=12345678`, { headers });

    expect(answer.status).toBe(401); // and no nonce was signed for it
  }
});
