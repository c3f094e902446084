import { createServer } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { mkdtemp, truncate, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { blobRoutes, type BlobDeps } from '../../../server/blobs/blob-routes.ts';

const bytes = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => index % 251));
const sha256 = sha256Hex(bytes);
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function served(change: Partial<BlobDeps> = {}): Promise<{ url: string; path: string }> {
  const path = join(await mkdtemp(join(tmpdir(), 'sealift-blob-')), sha256);
  await writeFile(path, bytes);
  const { length } = bytes;
  const app = blobRoutes({
    findBlob: (asked) =>
      Promise.resolve(
        asked === sha256 ? { sha256, length, mediaType: 'text/html', published: true } : undefined,
      ),
    pathOf: () => path,
    isRecalled: () => Promise.resolve(false),
    isOperator: () => Promise.resolve(false),
    mayRead: () => Promise.resolve(true),
    isPublic: true,
    ...change,
  });
  const server = createAdaptorServer({ fetch: app.fetch, createServer });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, path };
}

async function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/sha256/${sha256}`, { headers });
}

async function bodyOf(answer: Response): Promise<Buffer> {
  return Buffer.from(await answer.arrayBuffer());
}

test('a blob comes whole, never to be shown as a page, to be kept for ever', async () => {
  const { url } = await served();

  const answer = await get(url);

  expect(answer.status).toBe(200);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'accept-ranges': 'bytes',
    'content-length': String(bytes.length),
    'content-disposition': 'attachment',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    etag: `"${sha256}"`,
  });
  expect((await bodyOf(answer)).equals(bytes)).toBe(true);
});

test('a transfer that broke off goes on from any byte', async () => {
  const { url } = await served();

  const answer = await get(url, { Range: 'bytes=1500000-', 'If-Range': `"${sha256}"` });

  expect(answer.status).toBe(206);
  expect(answer.headers.get('content-range')).toBe(`bytes 1500000-3000000/${bytes.length}`);
  expect((await bodyOf(answer)).equals(bytes.subarray(1_500_000))).toBe(true);
});

test('a range of another file is answered with the whole of this one', async () => {
  const { url } = await served();

  const answer = await get(url, { Range: 'bytes=5-', 'If-Range': '"another"' });

  expect(answer.status).toBe(200);
  expect((await bodyOf(answer)).length).toBe(bytes.length);
});

test('a range beyond the end is refused with the length', async () => {
  const { url } = await served();

  const answer = await get(url, { Range: `bytes=${bytes.length}-` });

  expect(answer.status).toBe(416);
  expect(answer.headers.get('content-range')).toBe(`bytes */${bytes.length}`);
});

test('who has the blob already is told so, and nothing is sent', async () => {
  const { url } = await served();

  const answer = await get(url, { 'If-None-Match': `"x", W/"${sha256}"` });

  expect(answer.status).toBe(304);
  expect((await bodyOf(answer)).length).toBe(0);
});

test('HEAD tells the length and sends nothing', async () => {
  const { url } = await served();

  const answer = await fetch(`${url}/sha256/${sha256}`, { method: 'HEAD' });

  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-length')).toBe(String(bytes.length));
});

test('without a token nothing is told, not even whether the blob exists', async () => {
  const { url } = await served({ mayRead: () => Promise.resolve(false) });

  expect((await get(url)).status).toBe(401);
  expect((await fetch(`${url}/sha256/${'0'.repeat(64)}`)).status).toBe(401);
});

test('a blob that no published release names is not there', async () => {
  const { url } = await served({
    findBlob: () =>
      Promise.resolve({ sha256, length: 1, mediaType: 'text/plain', published: false }),
  });

  expect((await get(url)).status).toBe(404);
});

test('nginx is told where the file lies, when it serves the folder itself', async () => {
  const { url } = await served({ accelPrefix: '/internal/blobs' });

  const answer = await get(url);

  expect(answer.headers.get('x-accel-redirect')).toBe(
    `/internal/blobs/${sha256.slice(0, 2)}/${sha256}`,
  );
  expect((await bodyOf(answer)).length).toBe(0);
});

test('a file that became shorter cuts the connection: no answer looks whole that is not', async () => {
  const { url, path } = await served();
  await truncate(path, 2_000_000);

  await expect(get(url).then(bodyOf)).rejects.toThrow();
});

test('a client that hangs up in the middle leaves the server serving others', async () => {
  const { url } = await served();
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET /sha256/${sha256} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.destroy();

  expect((await bodyOf(await get(url))).equals(bytes)).toBe(true);
});
