// The server dies around the signature that completes an event.
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { finishWaitingNow } from '../../../server/run/ceremony-side.ts';
import type { OnlinePublicKeys } from '../../../server/keys/online-keys.ts';
import type { SigningEvent } from '../../../shared/ceremony/event.ts';
import type { Signer } from '../../../shared/crypto/signer.ts';
import {
  AUTHOR,
  directorRootText,
  imageRootText,
  imageTargetsText,
} from '../../support/authority.ts';
import {
  nextRoot,
  nextTargets,
  opened,
  signaturesBy,
  signInTurn,
  withRole,
} from '../../support/ceremony.ts';
import { startServerProcess, type ServerProcess } from '../../support/server-process.ts';
import { foundByHttp, testApp } from '../../support/test-app.ts';

const running: ServerProcess[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.end('SIGKILL');
});

async function start(data: string): Promise<ServerProcess> {
  const server = await startServerProcess(['--data', data]);
  running.push(server);
  return server;
}

const AT_ONCE = { timeout: 120_000 };
const [a, b] = AUTHOR.imageRoot as [Signer, Signer];

test(
  'a server that is killed at the last signature has published all of the event or nothing',
  AT_ONCE,
  async () => {
    const data = join(await mkdtemp(join(tmpdir(), 'sealift-cut-')), 'data');
    let server = await start(data);
    const headers = {
      Authorization: `Bearer ${server.firstToken ?? ''}`,
      'Content-Type': 'application/json',
    };
    const ask = async (path: string, json?: unknown): Promise<Response> =>
      fetch(`${server.http}${path}`, {
        headers,
        ...(json !== undefined && { method: 'POST', body: JSON.stringify(json) }),
      });
    const online = (await (await ask('/api/v1/keys/online')).json()) as OnlinePublicKeys;
    await ask('/api/v1/trust', {
      imageRoot: await imageRootText(online),
      imageTargets: await imageTargetsText(1, []),
      directorRoot: await directorRootText(online),
    });
    const next = { change: { version: 2 }, signers: [] };
    const files = [
      { repository: 'image', role: 'root', file: await imageRootText(online, next) },
      { repository: 'director', role: 'root', file: await directorRootText(online, next) },
    ];
    const opening = await ask('/api/v1/signing-events', { title: randomUUID(), files });
    const event = (await opening.json()) as SigningEvent;
    const path = `/api/v1/signing-events/${event.id}`;
    const submit = async (repository: string, signer: Signer): Promise<Response> => {
      const all = await signaturesBy(signer, event);
      const signatures = all.filter((one) => one.repository === repository);
      return ask(`${path}/signatures`, { signatures });
    };
    const [c, d] = AUTHOR.directorRoot as [Signer, Signer];
    for (const signer of [c, d]) expect((await submit('director', signer)).status).toBe(200);
    expect((await submit('image', a)).status).toBe(200);

    const cut = submit('image', b).catch(() => undefined);
    await server.end('SIGKILL');
    await cut;
    server = await start(data);

    const roots = async (): Promise<readonly number[]> => [
      (await ask('/image/2.root.json')).status,
      (await ask('/director/2.root.json')).status,
    ];
    const { state } = (await (await ask(path)).json()) as SigningEvent;
    expect(await roots()).toEqual(state === 'published' ? [200, 200] : [404, 404]);
    // Whoever got no answer says it again: it is published now, or was.
    const again = await submit('image', b);
    expect([again.status, await again.json()]).toEqual([
      200,
      expect.objectContaining({ state: 'published' }),
    ]);
    expect(await roots()).toEqual([200, 200]);
  },
);

test('an event that another one completed by lowering a threshold is published at the next start', async () => {
  const app = await testApp();
  await foundByHttp(app, ['gateway']);
  const { imageRoot, imageTargets } = AUTHOR;
  const change = () => ({ expires: '2027-01-01T00:00:00Z' });
  const waiting = await opened(app, [await nextTargets(app, 'targets', change)]);
  const half = await signInTurn(app, waiting, imageTargets.slice(0, 1));
  expect(half.state).toBe('open');
  const holders = imageTargets.map(({ publicKey }) => publicKey);
  const root = await opened(app, [await nextRoot(app, 'image', withRole('targets', holders, 1))]);
  await signInTurn(app, root, imageRoot.slice(0, 2));

  const tell = {
    devices: () => Promise.resolve(),
    timestamp: () => Promise.resolve(),
    release: () => Promise.resolve(),
  };
  await finishWaitingNow(app.ground, tell);

  const now = await app.ask(`/api/v1/signing-events/${waiting.id}`);
  expect(await now.json()).toMatchObject({ state: 'published' });
  expect((await app.ask('/image/3.targets.json', { token: null })).status).toBe(200);
});
