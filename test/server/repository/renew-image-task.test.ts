import { expect, test } from 'vitest';
import { memoryStore } from '../../../shared/trust/memory-store.ts';
import { refresh } from '../../../shared/trust/refresh.ts';
import { openDatabase } from '../../../server/database/open-database.ts';
import { newestFile, readImageFile } from '../../../server/repository/metadata-store.ts';
import { renewImage, type Renewed } from '../../../server/repository/renew-image-task.ts';
import {
  PUBLISHED_AT,
  publishingServer,
  FIND_SIGNER,
  type PublishingServer,
} from '../../support/publishing.ts';

const HOUR = 3_600_000;
const after = (milliseconds: number): Date => new Date(PUBLISHED_AT.getTime() + milliseconds);

async function renewAt({ db }: PublishingServer, now: Date): Promise<Renewed> {
  return renewImage(db, now, FIND_SIGNER);
}

async function versions({ db }: PublishingServer): Promise<(number | undefined)[]> {
  const [snapshot, timestamp] = [
    await newestFile(db, 'image', 'snapshot'),
    await newestFile(db, 'image', 'timestamp'),
  ];
  return [snapshot?.version, timestamp?.version];
}

test('a timestamp is signed again when half its day is over, not before', async () => {
  const server = await publishingServer();

  expect(await renewAt(server, after(12 * HOUR - 1))).toBe('nothing');
  expect(await versions(server)).toEqual([2, 2]);

  expect(await renewAt(server, after(12 * HOUR))).toBe('timestamp');
  expect(await versions(server)).toEqual([2, 3]);
  expect(await renewAt(server, after(12 * HOUR))).toBe('nothing');
});

test('a snapshot is signed again when half its month is over', async () => {
  const server = await publishingServer();

  expect(await renewAt(server, after(15 * 24 * HOUR))).toBe('snapshot');
  expect(await versions(server)).toEqual([3, 3]);
});

test('a device goes on with a renewed repository for as long as the author vouches for it', async () => {
  const server = await publishingServer();
  const firstRoot = (await newestFile(server.db, 'image', 'root'))?.bytes ?? Buffer.alloc(0);
  const store = memoryStore();

  for (let day = 0; day < 40; day += 0.5) {
    const now = after(day * 24 * HOUR);
    await renewAt(server, now);
    const fetch = async (name: string): Promise<Uint8Array | undefined> =>
      (await readImageFile(server.db, name))?.bytes;
    const repository = { name: 'image', fetch, store, firstRoot, startedAt: now } as const;
    expect((await refresh(repository)).root.version).toBe(1);
  }
});

test('before trust is founded there is nothing to renew', async () => {
  const db = await openDatabase(':memory:');

  expect(await renewImage(db, PUBLISHED_AT, FIND_SIGNER)).toBe('nothing');
});
