import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { metadataFolder } from '../../../operator/author/metadata-folder.ts';
import { NO_FLOORS, type RepositoryFloors } from '../../../shared/trust/floors.ts';
import { newHome } from '../operator.ts';

const FLOORS: RepositoryFloors = {
  root: 2,
  timestamp: { version: 7, contentSha256: 'a'.repeat(64) },
  snapshot: { version: 7, contentSha256: 'b'.repeat(64) },
  listed: new Map([['targets.json', 3]]),
  roles: new Map([['gateway', { version: 4, contentSha256: 'c'.repeat(64) }]]),
};

test('a role comes back as it was saved, whatever it is called', async () => {
  const store = metadataFolder(await newHome());
  await store.save('../evil', Buffer.from('one'));
  expect(await store.load('../evil')).toEqual(Buffer.from('one'));
  expect(await store.load('evil')).toBeUndefined();
  await store.remove('../evil');
  expect(await store.load('../evil')).toBeUndefined();
});

describe('the floors', () => {
  test('are none where nothing was verified yet', async () => {
    expect(await metadataFolder(await newHome()).loadFloors()).toEqual(NO_FLOORS);
  });

  test.each(['floors.json', 'floors.copy.json'])('survive the loss of %s', async (lost) => {
    const home = await newHome();
    await metadataFolder(home).saveFloors(FLOORS);
    await rm(join(home, lost));
    expect(await metadataFolder(home).loadFloors()).toEqual(FLOORS);
  });

  test.each(['floors.json', 'floors.copy.json'])('survive a torn %s', async (torn) => {
    const home = await newHome();
    await metadataFolder(home).saveFloors(FLOORS);
    await truncate(join(home, torn), 40);
    expect(await metadataFolder(home).loadFloors()).toEqual(FLOORS);
  });

  test('survive a version that was changed by hand: the copy counts', async () => {
    const home = await newHome();
    await metadataFolder(home).saveFloors(FLOORS);
    const path = join(home, 'floors.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"version": 4', '"version": 1'));
    expect(await metadataFolder(home).loadFloors()).toEqual(FLOORS);
  });

  test('are never taken as none when both copies are damaged', async () => {
    const home = await newHome();
    await metadataFolder(home).saveFloors(FLOORS);
    await Promise.all(
      ['floors.json', 'floors.copy.json'].map((name) => truncate(join(home, name), 40)),
    );
    await expect(metadataFolder(home).loadFloors()).rejects.toThrow(
      expect.objectContaining({ code: 'workspace_damaged' }),
    );
  });
});
