import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backoffMs, jitteredMs } from '../../../agent/link/backoff.ts';
import { deviceTokens } from '../../../agent/link/device-token.ts';
import { httpClient, readWhole, type HttpClient } from '../../../agent/link/http.ts';
import { SlowRetrieval } from '../../../agent/link/pace.ts';
import { letterBox } from '../../../agent/link/letter-box.ts';
import { Unreachable } from '../../../agent/link/unreachable.ts';
import { serverOverHttp } from '../../../agent/link/server.ts';
import { testKey } from '../../support/test-key.ts';

let server: Server;
let client: HttpClient;
let url: URL;
let respond: (response: ServerResponse, path: string) => void;
let authorized: (string | undefined)[];

beforeEach(async () => {
  authorized = [];
  server = createServer((request, response) => {
    authorized.push(request.headers.authorization);
    respond(response, request.url ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  client = httpClient({ ca: undefined, allowPlaintext: false, idleMs: 100 });
});

afterEach(() => {
  client.close();
  server.closeAllConnections();
  server.close();
});

const get = (headMs?: number) =>
  client.ask({ method: 'GET', url, ...(headMs === undefined ? {} : { headMs }) });

/** At least a hundred bytes in 200 ms. */
const PACE = { windowMs: 200, bytesPerSecond: 500, milliseconds: () => performance.now() };

describe('an answer', () => {
  test('is read up to its limit, and refused beyond it', async () => {
    respond = (response) => response.end('12345');

    expect((await readWhole(await get(), 5, PACE)).toString()).toBe('12345');
    await expect(readWhole(await get(), 4, PACE)).rejects.toMatchObject({
      code: 'metadata_too_large',
    });
  });

  test('that never comes ends after the silence that is allowed', async () => {
    respond = () => undefined;
    await expect(get()).rejects.toThrow(Unreachable);
  });

  test('that comes in drops is too slow', async () => {
    respond = (response) => {
      const drop = setInterval(() => response.write('x'), 20);
      response.on('close', () => {
        clearInterval(drop);
      });
    };
    await expect(get().then((answer) => readWhole(answer, 1_000, PACE))).rejects.toThrow(
      SlowRetrieval,
    );
  });

  test('that comes steadily may take many windows', async () => {
    respond = (response) => {
      let left = 6;
      const part = setInterval(() => {
        response.write('x'.repeat(80));
        if (--left === 0) response.end();
      }, 80);
      response.on('close', () => {
        clearInterval(part);
      });
    };
    expect(await readWhole(await get(), 1_000, PACE)).toHaveLength(480);
  });

  test('that begins and then is silent is too slow', async () => {
    respond = (response) => response.write('x');
    await expect(get().then((answer) => readWhole(answer, 1_000, PACE))).rejects.toThrow(
      SlowRetrieval,
    );
  });

  test('whose headers come in drops, for ever, is no answer', async () => {
    respond = (response) => {
      const drop = setInterval(() => response.socket?.write('x'), 20);
      response.socket?.on('close', () => {
        clearInterval(drop);
      });
      response.socket?.write('HTTP/1.1 200 OK\r\nx: ');
    };
    await expect(get(300)).rejects.toThrow('no answer after 300 ms');
  });

  test('that breaks off is not a shorter answer', async () => {
    respond = (response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('x', () => response.destroy());
    };
    await expect(get().then((answer) => readWhole(answer, 1_000, PACE))).rejects.toThrow(
      Unreachable,
    );
  });
});

test('nothing is sent without TLS to another machine, unless the configuration says so', async () => {
  const elsewhere = { method: 'GET', url: new URL('http://192.0.2.1/') } as const;
  await expect(client.ask(elsewhere)).rejects.toThrow('is not TLS');

  const open = httpClient({ ca: undefined, allowPlaintext: true, idleMs: 50 });
  await expect(open.ask(elsewhere)).rejects.not.toThrow('is not TLS');
  open.close();
});

describe('a blob behind a redirect', () => {
  const over = (base: URL) =>
    serverOverHttp({
      base,
      http: client,
      token: () => Promise.resolve('token'),
      tokenRefused: () => Promise.resolve(false),
      signal: new AbortController().signal,
      answerMs: 1_000,
      pace: PACE,
    });

  test('is followed to another origin, and our token is not', async () => {
    const other = new URL(url);
    other.hostname = 'localhost';
    respond = (response, path) => {
      if (path.startsWith('/blobs')) {
        response.writeHead(302, { location: `${other.origin}/elsewhere` }).end();
      } else response.end('bytes');
    };
    const bytes = await over(url).fetchBlob('0'.repeat(64), 100);

    expect(Buffer.from(bytes).toString()).toBe('bytes');
    expect(authorized).toEqual(['Bearer token', undefined]);
  });

  test.each(['http://[', 'ftp://127.0.0.1/x', 'file:///etc/passwd'])(
    'to %s is no answer, and no crash',
    async (location) => {
      respond = (response) => response.writeHead(302, { location }).end();
      await expect(over(url).fetchBlob('0'.repeat(64), 100)).rejects.toThrow(Unreachable);
    },
  );

  test('ends after a few', async () => {
    respond = (response) => response.writeHead(302, { location: '/again' }).end();
    await expect(over(url).fetchBlob('0'.repeat(64), 100)).rejects.toThrow('redirects');
  });
});

describe('waiting', () => {
  const backoff = { firstMs: 1_000, maxMs: 60_000 };

  test('doubles with each failure up to its limit, and is spread by chance', () => {
    expect([1, 2, 3].map((failures) => backoffMs(failures, backoff, () => 1))).toEqual([
      2_000, 4_000, 8_000,
    ]);
    expect(backoffMs(1_000, backoff, () => 1)).toBe(60_000);
    expect(backoffMs(1, backoff, () => 0)).toBe(1_000);
  });

  test('for the next poll is up to a tenth shorter than said', () => {
    expect(jitteredMs(1_000, () => 0)).toBe(1_000);
    expect(jitteredMs(1_000, () => 1)).toBe(900);
  });

  test('ends when a letter comes, and the latest letter counts', async () => {
    const box = letterBox();
    const waiting = box.wait(60_000, new AbortController().signal);
    box.put(Buffer.from('old'));
    box.put(Buffer.from('new'));
    await waiting;

    expect(box.take()?.toString()).toBe('new');
    expect(box.take()).toBeUndefined();
  });

  test('ends when the agent is told to end', async () => {
    const stop = new AbortController();
    const waiting = letterBox().wait(60_000, stop.signal);
    stop.abort();
    await waiting;
  });
});

describe('a token that the server refuses', () => {
  const dead = new Date('2026-01-01T00:00:00Z');
  const issuedAt = (token: string): number =>
    (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { iat: number })
      .iat;

  test('is made anew for the time that the server stated', async () => {
    const tokens = deviceTokens('gw-1', testKey('device'), () => Promise.resolve(dead));
    const stated = new Date('2026-06-01T12:00:00Z');

    expect(await tokens.refused(stated)).toBe(true);

    expect(issuedAt(await tokens.current())).toBe(stated.getTime() / 1_000);
  });

  test.each([
    ['the server stated no time', undefined],
    ['it stated no time that can be read', new Date('soon')],
    ['it stated the time that the token was of', new Date(dead.getTime() + 59_000)],
  ])('is not tried again when %s', async (_name, stated) => {
    const tokens = deviceTokens('gw-1', testKey('device'), () => Promise.resolve(dead));

    expect(await tokens.refused(stated)).toBe(false);
    expect(issuedAt(await tokens.current())).toBe(dead.getTime() / 1_000);
  });
});

test('a token is used again for half its life, and never longer', async () => {
  let now = new Date('2026-06-01T12:00:00Z');
  const tokens = deviceTokens('gw-1', testKey('device'), () => Promise.resolve(now));
  const first = await tokens.current();

  now = new Date('2026-06-01T12:29:59Z');
  expect(await tokens.current()).toBe(first);
  now = new Date('2026-06-01T12:30:00Z');
  expect(await tokens.current()).not.toBe(first);
});
