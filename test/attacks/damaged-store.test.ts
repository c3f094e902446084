// A5 on a device whose disk failed it: any one file of its trusted state is lost, torn or exchanged.
// It recovers from the root it came with, and its floors never fall.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { floorsFile, type RepositoryName } from '../../agent/verify/floors-file.ts';
import { metadataFolder } from '../../agent/verify/metadata-folder.ts';
import { findTarget } from '../../shared/trust/find-target.ts';
import { refresh } from '../../shared/trust/refresh.ts';
import type { Repository } from '../../shared/trust/repository.ts';
import { NOON, simulateRepository, type Simulator } from '../support/repository-simulator.ts';
import { testKey } from '../support/test-key.ts';
import { refusal } from '../support/tuf-device.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'sealift-damaged-'))));
afterEach(() => rm(folder, { recursive: true }));

const FILES = [
  'root.json',
  'timestamp.json',
  'snapshot.json',
  'targets.json',
  'gateway.json',
  'floors.json',
  'floors.backup.json',
] as const;

const DAMAGES: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ['lost', (path) => rm(path)],
  ['empty', (path) => writeFile(path, '')],
  ['torn', async (path) => writeFile(path, (await readFile(path)).subarray(0, 100))],
  ['full of noise', (path) => writeFile(path, Buffer.alloc(500, 0xa5))],
  ['another file', async (path) => writeFile(path, await readFile(join(folder, other(path))))],
  [
    'changed in one byte',
    async (path) => {
      const bytes = await readFile(path);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(path, bytes);
    },
  ],
];

function other(path: string): string {
  return path.endsWith('snapshot.json') ? 'targets.json' : 'snapshot.json';
}

/** One run of a device with its state in `folder`: everything it knows, it reads from there. */
async function look(sim: Simulator, name: RepositoryName): Promise<number> {
  const repository: Repository = {
    name,
    fetch: sim.fetch,
    store: await metadataFolder(folder, name, floorsFile(join(folder, 'floors'))),
    firstRoot: sim.roots[0] ?? Buffer.of(),
    startedAt: NOON,
  };
  const trusted = await refresh(repository);
  await findTarget(repository, trusted, 'gateway/x');
  return trusted.root.version;
}

async function atVersionThree(name: RepositoryName): Promise<Simulator> {
  const sim = await simulateRepository();
  sim.delegate('gateway', ['gateway/*'], [testKey('gateway')]);
  await sim.publishRoot();
  sim.publish();
  sim.publish();
  await look(sim, name);
  return sim;
}

test('these are all the files that a device keeps', async () => {
  await atVersionThree('image');

  expect((await readdir(folder)).sort()).toEqual([...FILES].sort());
});

describe.each(['image', 'director'] as const)('of the %s repository', (name) => {
  describe.each(FILES)('%s', (file) => {
    test.each(DAMAGES)('%s: the device goes on, and mends it', async (_how, damage) => {
      const sim = await atVersionThree(name);
      await damage(join(folder, file));

      expect(await look(sim, name)).toBe(2);
      await look(sim, name);
      expect((await readdir(folder)).sort()).toEqual([...FILES].sort());
    });

    test.each(DAMAGES)('%s: an older repository is still refused', async (_how, damage) => {
      const sim = await atVersionThree(name);
      await damage(join(folder, file));
      for (const role of [sim.timestamp, sim.snapshot, sim.targets]) role.version = 2;

      await expect(look(sim, name)).rejects.toEqual(refusal('version_rolled_back'));
    });
  });

  test('all metadata lost: the floors alone refuse an older role of a product', async () => {
    const sim = await atVersionThree(name);
    for (const file of FILES) if (!file.startsWith('floors')) await rm(join(folder, file));
    const role = sim.delegated.get('gateway');
    if (role !== undefined) role.version = 2;
    for (const file of [sim.timestamp, sim.snapshot]) file.version = 4;

    await expect(look(sim, name)).rejects.toEqual(refusal('version_rolled_back'));
  });

  test('an expired stored file stops nobody: what is newer is fetched', async () => {
    const sim = await atVersionThree(name);
    sim.publish();
    for (const file of [sim.root, sim.timestamp, sim.snapshot, sim.targets]) {
      file.expires = '2027-06-01T00:00:00Z';
    }
    const role = sim.delegated.get('gateway');
    if (role !== undefined) role.expires = '2027-06-01T00:00:00Z';
    await sim.publishRoot();

    expect(await look(sim, name)).toBe(3);
  });
});
