import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  runServerProcess,
  startServerProcess,
  type ServerProcess,
} from '../support/server-process.ts';
import { directorRootText, imageRootText, imageTargetsText } from '../support/authority.ts';
import type { OnlinePublicKeys } from '../../server/keys/online-keys.ts';

const running: ServerProcess[] = [];
const TIMEOUT = 60_000;

afterEach(async () => {
  for (const server of running.splice(0)) await server.end('SIGKILL');
});

async function start(...args: string[]): Promise<ServerProcess> {
  const server = await startServerProcess(args);
  running.push(server);
  return server;
}

async function freshFolder(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'sealift-server-')), 'data');
}

function bearer(server: ServerProcess): Record<string, string> {
  return { Authorization: `Bearer ${server.firstToken ?? ''}` };
}

test(
  'the first start makes the folder and shows a token once; the next one knows it still',
  async () => {
    const data = await freshFolder();
    const first = await start('--data', data);
    expect(first.firstToken).toMatch(/^slo_[A-Za-z0-9_-]{43}$/);
    expect((await stat(data)).mode & 0o777).toBe(0o700);
    expect((await fetch(`${first.http}/healthz`)).status).toBe(200);
    expect((await fetch(`${first.http}/api/v1/trust`, { headers: bearer(first) })).status).toBe(
      200,
    );
    expect(await first.end('SIGTERM')).toBe(0);

    const second = await start('--data', data);

    expect(second.firstToken).toBeUndefined();
    const answer = await fetch(`${second.http}/api/v1/trust`, { headers: bearer(first) });
    expect(answer.status).toBe(200);
  },
  TIMEOUT,
);

test(
  'what was acknowledged is there after the server was killed, and what was cut off is not',
  async () => {
    const data = await freshFolder();
    const first = await start('--data', data);
    const headers = { ...bearer(first), 'Content-Type': 'application/json' };
    const keys = await fetch(`${first.http}/api/v1/keys/online`, { headers });
    const online = (await keys.json()) as OnlinePublicKeys;
    const body = JSON.stringify({
      imageRoot: await imageRootText(online),
      imageTargets: await imageTargetsText(1, []),
      directorRoot: await directorRootText(online),
    });
    const founded = await fetch(`${first.http}/api/v1/trust`, { method: 'POST', headers, body });
    expect(founded.status).toBe(201);
    await halfAnUpload(first, data);

    await first.end('SIGKILL');
    const second = await start('--data', data);

    const trust = await fetch(`${second.http}/api/v1/trust`, { headers });
    expect(await trust.json()).toMatchObject({ initialised: true });
    expect(await blobFiles(data)).toEqual([]);
    expect(await second.end('SIGTERM')).toBe(0);

    await rm(join(data, 'keys', 'image-timestamp.json'));
    const { code, output } = await runServerProcess(['--data', data]);
    expect(code).toBe(1);
    expect(output).toContain('a key is missing in');
    expect(await readdir(join(data, 'keys'))).not.toContain('image-timestamp.json');
  },
  TIMEOUT,
);

/** Sends the head and the first bytes of an upload, and waits until they are on disk. */
async function halfAnUpload(server: ServerProcess, data: string): Promise<void> {
  const url = `${server.http}/api/v1/blobs/${'a'.repeat(64)}`;
  const headers = { ...bearer(server), 'Content-Length': '1000000' };
  const upload = request(url, { method: 'PUT', headers });
  upload.on('error', () => undefined); // the server is about to be killed
  upload.write(Buffer.alloc(1_000));
  const deadline = performance.now() + 10_000;
  while ((await blobFiles(data)).length === 0) {
    if (performance.now() > deadline) throw new Error('the upload never reached the disk');
    await fetch(`${server.http}/healthz`); // gives the server a turn
  }
}

async function blobFiles(data: string): Promise<readonly string[]> {
  const entries = await readdir(join(data, 'blobs'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

test(
  'a mistake in the configuration is named, and nothing starts',
  async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'sealift-config-')), 'server.json');
    await writeFile(file, '{"dataDir":"/nowhere","htpp":{}}');

    const { code, output } = await runServerProcess(['--config', file]);

    expect(code).toBe(1);
    expect(output).toContain('sealift-server: the configuration has no key "htpp"');
  },
  TIMEOUT,
);

test(
  'a port that is taken is said in one sentence, and the first token waits for a start that works',
  async () => {
    const first = await start('--data', await freshFolder());
    const port = new URL(first.http).port;
    const data = await freshFolder();
    const args = ['--data', data, '--http-port', port, '--mqtt-port', '0'];

    const { code, output } = await runServerProcess(args);

    expect(code).toBe(1);
    expect(output).toContain('EADDRINUSE');
    expect(output.split('\n').length).toBeLessThan(4);
    expect((await start('--data', data)).firstToken).toBeDefined();
  },
  TIMEOUT,
);

test(
  'a configuration that is not there is named in one line',
  async () => {
    const { code, output } = await runServerProcess(['--config', '/nowhere/server.json']);

    expect(code).toBe(1);
    expect(output).toContain('sealift-server: the configuration cannot be read');
    expect(output).toContain('/nowhere/server.json');
    expect(output).not.toContain('    at ');
  },
  TIMEOUT,
);

test(
  'help tells what a configuration may hold',
  async () => {
    const { code, output } = await runServerProcess(['--help']);

    expect(code).toBe(0);
    for (const word of ['dataDir', 'publicBlobs', '--config', 'first admin']) {
      expect(output).toContain(word);
    }
  },
  TIMEOUT,
);
