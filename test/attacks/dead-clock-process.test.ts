// A9, with nothing simulated but the clock: the program of the agent, on a board whose clock stands
// years back, against the program of the server, which believes no token of another time.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { readConfig } from '../../server/config.ts';
import type { OnlinePublicKeys } from '../../server/keys/online-keys.ts';
import { startServer, type RunningServer } from '../../server/run/start-server.ts';
import { runAgentCommand, startAgent } from '../support/agent-process.ts';
import {
  directorRootText,
  imageRootText,
  imageTargetsText,
  productTargetsText,
} from '../support/authority.ts';
import { testConfig } from '../support/test-agent.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const YEARS_MS = 5 * 365 * 86_400_000;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(): Promise<RunningServer> {
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

async function api(server: RunningServer, path: string, json?: unknown): Promise<unknown> {
  const answer = await fetch(`${server.http}/api/v1/${path}`, {
    method: json === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${server.firstToken ?? ''}`,
      'content-type': 'application/json',
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  expect(answer.status).toBeLessThan(300);
  return answer.json();
}

/** A device that is provisioned for this server, and its configuration file. */
async function provision(server: RunningServer): Promise<string> {
  const online = (await api(server, 'keys/online')) as OnlinePublicKeys;
  const roots = { image: await imageRootText(online), director: await directorRootText(online) };
  await api(server, 'trust', {
    imageRoot: roots.image,
    imageTargets: await imageTargetsText(1, []),
    directorRoot: roots.director,
  });
  await api(server, 'products', {
    product: 'gateway',
    hardwareIds: ['rpi4'],
    imageTargets: await imageTargetsText(2, ['gateway']),
    role: await productTargetsText('gateway', 1, []),
  });
  const wish = { kind: 'enrolment', name: 'line 1' };
  const { token } = (await api(server, 'tokens', wish)) as { token: string };
  const folder = await mkdtemp(join(tmpdir(), 'sealift-device-'));
  await mkdir(join(folder, 'slots'));
  await writeFile(join(folder, 'image.root.json'), roots.image);
  await writeFile(join(folder, 'director.root.json'), roots.director);
  const config = { ...testConfig({ url: server.http }), enrolmentToken: token };
  await writeFile(join(folder, 'agent.json'), JSON.stringify(config));
  return folder;
}

test('a board whose clock stands five years back learns the time from its director', async () => {
  const server = await start();
  const folder = await provision(server);
  const config = join(folder, 'agent.json');
  const before = Date.now();

  const agent = startAgent(['run', '--config', config, '--once'], -YEARS_MS);
  expect((await agent.ended).code).toBe(0);

  const floors = await readFile(join(folder, 'state', 'floors.json'), 'utf8');
  const { time } = (JSON.parse(floors) as { value: { time: string } }).value;
  expect(Date.parse(time)).toBeGreaterThanOrEqual(before - 1_000);
  expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());

  expect((await startAgent(['run', '--config', config, '--once'], -YEARS_MS).ended).code).toBe(0);
  const seen = (await api(server, 'devices/gw-1')) as { time: unknown };
  expect(seen.time).toEqual({ verified: time, clock: 'before_build' });
});

test('and one whose clock is right needs no such help, and says so', async () => {
  const server = await start();
  const config = join(await provision(server), 'agent.json');

  expect((await startAgent(['run', '--config', config, '--once']).ended).code).toBe(0);

  const seen = (await api(server, 'devices/gw-1')) as { time: { clock: string } };
  expect(seen.time.clock).toBe('trusted');
  const { stdout } = await runAgentCommand(['status', '--config', config, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ clock: 'trusted', cutOff: null });
});
