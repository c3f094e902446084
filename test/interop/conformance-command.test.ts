// The command line by which public suites drive our client, as a process over HTTP on loopback.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fromRoot } from '../../scripts/root.ts';
import { targetFileName } from '../../shared/trust/verify-assignment.ts';
import { simulateRepository, targetFor, type Simulator } from '../support/repository-simulator.ts';
import { serveRepository, type ServedRepository } from '../support/serve-repository.ts';

let folder: string;
let sim: Simulator;
let served: ServedRepository;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-conformance-'));
  sim = await simulateRepository();
  for (const role of [sim.root, sim.timestamp, sim.snapshot, sim.targets]) {
    role.expires = '2999-01-01T00:00:00Z'; // the process reads the real clock
  }
  sim.roots.length = 0;
  sim.root.version = 0;
  await sim.publishRoot();
  served = await serveRepository(sim.fetch);
  await writeFile(join(folder, 'trusted.json'), sim.roots[0] ?? '');
});
afterEach(async () => {
  await served.close();
  await rm(folder, { recursive: true });
});

const metadata = (): string => join(folder, 'metadata');

async function run(...args: string[]): Promise<number> {
  const program = [
    '--import',
    'tsx',
    fromRoot('agent/conformance.ts'),
    '--metadata-dir',
    metadata(),
  ];
  const child = spawn(process.execPath, [...program, ...args], { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number];
  return code;
}

const refresh = (): Promise<number> => run('--metadata-url', served.url, 'refresh');
const download = (...names: string[]): Promise<number> =>
  run(
    ...['--metadata-url', served.url.slice(0, -1)],
    ...names.flatMap((name) => ['--target-name', name]),
    ...['--target-base-url', `${served.url}targets`, '--target-dir', join(folder, 'targets')],
    'download',
  );

function offer(path: string, text: string): void {
  const file = targetFor(Buffer.from(text));
  sim.targets.targets = { ...sim.targets.targets, [path]: file };
  sim.files.set(targetFileName(path, file), Buffer.from(text));
  sim.publish();
}

test('init asks nobody, refresh asks for each file once and keeps them without versions', async () => {
  expect(await run('init', join(folder, 'trusted.json'))).toBe(0);
  expect(served.asked).toEqual([]);

  expect(await refresh()).toBe(0);
  expect(served.asked).toEqual([
    '2.root.json',
    'timestamp.json',
    '1.snapshot.json',
    '1.targets.json',
  ]);
  const kept = (await readdir(metadata())).filter((name) => name.endsWith('.json'));
  expect(kept.sort()).toEqual(['root.json', 'snapshot.json', 'targets.json', 'timestamp.json']);
});

test('init refuses a root that nobody signed', async () => {
  await writeFile(join(folder, 'trusted.json'), '{"signatures":[],"signed":{}}');

  expect(await run('init', join(folder, 'trusted.json'))).toBe(1);
});

test('a refused refresh ends with 1 and keeps what was there', async () => {
  await run('init', join(folder, 'trusted.json'));
  expect(await refresh()).toBe(0);
  const before = await readFile(join(metadata(), 'timestamp.json'));
  sim.publish();
  sim.signers.set('timestamp', []);

  expect(await refresh()).toBe(1);
  expect(await readFile(join(metadata(), 'timestamp.json'))).toEqual(before);
});

test('download fetches targets in order, each once, and stops at the first that nobody signed', async () => {
  await run('init', join(folder, 'trusted.json'));
  offer('a/one', '1');
  offer('two', '2');

  expect(await download('a/one', 'two')).toBe(0);
  const fetched = served.asked.filter((name) => name.startsWith('targets/'));
  expect(fetched).toHaveLength(2);
  expect(await download('a/one', 'nobody', 'two')).toBe(1);
  expect(served.asked.filter((name) => name.startsWith('targets/'))).toEqual(fetched);
});

test('download keeps nothing of a target with other bytes', async () => {
  await run('init', join(folder, 'trusted.json'));
  offer('one', '1');
  for (const name of sim.files.keys()) sim.files.set(name, Buffer.from('x'));

  expect(await download('one')).toBe(1);
  expect(await readdir(join(folder, 'targets'))).toEqual([]);
});

test('a command without what it needs ends with 1', async () => {
  expect(await run('refresh')).toBe(1);
  expect(await run('dance')).toBe(1);
});
