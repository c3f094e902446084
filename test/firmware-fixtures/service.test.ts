import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { extract } from 'tar';
import { afterEach, expect, test } from 'vitest';
import * as z from 'zod';
import { buildFixtures } from '../../firmware-fixtures/build.ts';

const Listening = z.object({ event: z.literal('service_listening'), port: z.int() });

const built = await buildFixtures();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Running {
  readonly slot: string;
  readonly child: ChildProcess;
  readonly health: () => Promise<{ readonly status: number; readonly body: unknown }>;
}

async function install(folder: string): Promise<string> {
  const slot = await mkdtemp(join(tmpdir(), 'sealift-slot-'));
  const archive = join(slot, 'artifact.tar');
  await writeFile(archive, built.get(`${folder}/artifact.tar`) ?? '');
  await extract({ file: archive, cwd: slot, strict: true });
  return slot;
}

async function start(folder: string): Promise<Running> {
  const slot = await install(folder);
  const child = spawn(process.execPath, [join(slot, 'service/server.mjs')], {
    env: { PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { port } = Listening.parse(JSON.parse(line));
  const health = async (): ReturnType<Running['health']> => {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    return { status: response.status, body: await response.json() };
  };
  return { slot, child, health };
}

test.each(['1.0.0', '1.2.0'])('the service of the good release %s is healthy', async (version) => {
  const { health } = await start(`gateway-${version}`);

  expect(await health()).toEqual({
    status: 200,
    body: { product: 'gateway', version, healthy: true },
  });
});

test('the service of the unhealthy release 1.1.0 answers 503 and says what is missing', async () => {
  const { health } = await start('gateway-1.1.0');

  expect(await health()).toEqual({
    status: 503,
    body: {
      product: 'gateway',
      version: '1.1.0',
      healthy: false,
      missing: ['firmware/calibration.bin'],
    },
  });
});

test('a service whose firmware disappears while it runs becomes unhealthy', async () => {
  const { slot, health } = await start('gateway-1.0.0');
  expect(await health()).toMatchObject({ status: 200 });

  await rm(join(slot, 'firmware/rpi3/bl31.bin'));

  expect(await health()).toMatchObject({ status: 503 });
});

test('the service ends cleanly when it is told to', async () => {
  const { child, health } = await start('gateway-1.0.0');
  await health();

  child.kill('SIGTERM');

  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('the service refuses to start without a port', async () => {
  const slot = await install('gateway-1.0.0');
  const child = spawn(process.execPath, [join(slot, 'service/server.mjs')], {
    env: {},
    stdio: 'ignore',
  });
  children.push(child);

  expect(await once(child, 'exit')).toEqual([2, null]);
});
