import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { floorsFile, type FloorsFile } from '../../../agent/verify/floors-file.ts';

let folder: string;
const open = (): FloorsFile => floorsFile(join(folder, 'floors'));
const noon = new Date('2026-06-01T12:00:00Z');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealift-floors-'));
});

test('an epoch and a time only ever rise, also over a restart', async () => {
  await open().raise({ securityEpoch: 3, time: noon });
  await open().raise({ securityEpoch: 2, time: new Date(0) });

  expect(await open().load()).toMatchObject({ securityEpoch: 3, time: noon });
  await open().raise({ securityEpoch: 4 });
  expect(await open().load()).toMatchObject({ securityEpoch: 4, time: noon });
});

test('reading floors that are whole writes nothing: a device starts often, its disk wears', async () => {
  const before = open();
  await before.saveRepository('image', {
    root: 1,
    listed: new Map([['targets.json', 1]]),
    roles: new Map(),
  });
  const writtenAt = async (): Promise<readonly number[]> =>
    Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).ino));
  const files = await writtenAt();

  expect((await open().load()).image.listed.get('targets.json')).toBe(1);
  expect(await writtenAt()).toEqual(files);
});

test.each(['floors.json', 'floors.backup.json'])(
  'any number of readers at once agree, also while a torn %s is mended',
  async (torn) => {
    await open().raise({ securityEpoch: 5 });
    await writeFile(join(folder, torn), '{"sequence":');
    const floors = open();

    const read = await Promise.all(Array.from({ length: 8 }, () => floors.load()));

    expect(read.map(({ securityEpoch }) => securityEpoch)).toEqual(Array(8).fill(5));
    await rm(join(folder, torn === 'floors.json' ? 'floors.backup.json' : 'floors.json'));
    expect(await open().load()).toMatchObject({ securityEpoch: 5 });
  },
);
