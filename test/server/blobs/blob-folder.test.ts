import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { openBlobFolder } from '../../../server/blobs/blob-folder.ts';

const bytes = Buffer.from('some firmware');
const sha256 = sha256Hex(bytes);

async function* inChunks(...chunks: readonly (Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    if (chunk instanceof Error) throw chunk;
    yield chunk;
  }
}

async function freshFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sealift-blobs-'));
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

test('a blob whose digest is right is kept under its digest', async () => {
  const folder = await freshFolder();
  const blobs = await openBlobFolder(folder);

  const result = await blobs.put(sha256, inChunks(bytes.subarray(0, 4), bytes.subarray(4)), 100);

  expect(result).toEqual({ kind: 'stored', length: bytes.length });
  expect(await readFile(blobs.pathOf(sha256))).toEqual(bytes);
  expect(await filesIn(folder)).toEqual([sha256]);
  expect(await blobs.lengthOf(sha256)).toBe(bytes.length);
});

test('an empty blob is a blob', async () => {
  const blobs = await openBlobFolder(await freshFolder());

  expect(await blobs.put(sha256Hex(Buffer.alloc(0)), inChunks(), 100)).toEqual({
    kind: 'stored',
    length: 0,
  });
});

test('other bytes than the digest says leave nothing behind', async () => {
  const folder = await freshFolder();
  const blobs = await openBlobFolder(folder);

  const result = await blobs.put(sha256, inChunks(Buffer.from('other firmware')), 100);

  expect(result).toMatchObject({ kind: 'hash_mismatch' });
  expect(await filesIn(folder)).toEqual([]);
  expect(await blobs.lengthOf(sha256)).toBeUndefined();
});

test('a blob may be exactly as long as allowed, and not one byte longer', async () => {
  const folder = await freshFolder();
  const blobs = await openBlobFolder(folder);

  expect(await blobs.put(sha256, inChunks(bytes), bytes.length - 1)).toEqual({ kind: 'too_large' });
  expect(await filesIn(folder)).toEqual([]);
  expect(await blobs.put(sha256, inChunks(bytes), bytes.length)).toMatchObject({ kind: 'stored' });
});

test('an upload that breaks off leaves nothing behind', async () => {
  const folder = await freshFolder();
  const blobs = await openBlobFolder(folder);

  const cut = blobs.put(sha256, inChunks(bytes.subarray(0, 4), new Error('hung up')), 100);

  await expect(cut).rejects.toThrow('hung up');
  expect(await filesIn(folder)).toEqual([]);
});

test('what a crash left unverified goes at the next start, and whole blobs stay', async () => {
  const folder = await freshFolder();
  await (await openBlobFolder(folder)).put(sha256, inChunks(bytes), 100);
  await mkdir(join(folder, 'ff'));
  await writeFile(join(folder, 'ff', `${'f'.repeat(64)}.unverified-0011`), 'half');

  await openBlobFolder(folder);

  expect(await filesIn(folder)).toEqual([sha256]);
});
