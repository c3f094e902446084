import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { measureTree } from '../../../agent/install/measure-tree.ts';
import { unpackArchive } from '../../../agent/install/unpack-archive.ts';
import { END_OF_ARCHIVE, headerBlocks, paddingAfter } from '../../../firmware-fixtures/archive.ts';
import { harmlessArchive } from '../../../firmware-fixtures/hostile/hostile.ts';
import { readArtifact } from '../../../operator/author/read-artifact.ts';

const LIMITS = { unpackedBytes: 2 ** 24, entries: 10_000, depth: 64 };

interface Both {
  readonly author: string | undefined;
  readonly device: string | undefined;
}

/** The digest that the author signs and the one that the device measures; undefined is a refusal. */
async function digestsOf(archive: Buffer): Promise<Both> {
  const folder = await mkdtemp(join(tmpdir(), 'sealift-both-'));
  const path = join(folder, 'artifact.tar');
  const slot = join(folder, 'slot');
  await writeFile(path, archive);
  await mkdir(slot);
  const author = await orRefused(async () => {
    return (await readArtifact(path, 'archive', () => undefined)).installedSha256;
  });
  const device = await orRefused(async () => {
    await unpackArchive(path, slot, LIMITS, () => undefined);
    return measureTree(slot, 'read');
  });
  await rm(folder, { recursive: true });
  return { author, device };
}

async function orRefused(work: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await work();
  } catch (error) {
    expect(error).toHaveProperty('code', expect.stringMatching(/^archive_/));
    return undefined;
  }
}

const name = fc.constantFrom('a', 'b', 'c');
const oddName = fc.constantFrom('a', 'b', '.', '..', '');
const joined = (names: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(names, { minLength: 1, maxLength: 4 }).map((all) => all.join('/'));
const path = fc
  .oneof({ weight: 8, arbitrary: joined(name) }, { weight: 1, arbitrary: joined(oddName) })
  .filter((text) => text !== '');
const mode = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(0o644, 0o755, 0o700, 0o777) },
  { weight: 1, arbitrary: fc.constantFrom(0o4755, 0o2755, 0o1777) },
);
const type = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('File', 'Directory', 'SymbolicLink', 'Link') },
  { weight: 1, arbitrary: fc.constantFrom('FIFO') },
);
const content = fc.constantFrom('', 'x', 'yy'.repeat(700));
const ordinary = fc.record({ type, path, linkpath: path, mode, content });
const whiteout = fc.record({
  type: fc.constant('File'),
  path: fc.constantFrom('.wh.a', '.wh.b', 'a/.wh.b', '.wh..wh..opq', 'a/.wh..wh..opq'),
  linkpath: fc.constant(''),
  mode: fc.constant(0o644),
  content: fc.constant(''),
});
const entry = fc.oneof({ weight: 2, arbitrary: ordinary }, { weight: 1, arbitrary: whiteout });
type Entry = typeof entry extends fc.Arbitrary<infer E> ? E : never;

function blocksOf({ type, path: at, linkpath, mode, content }: Entry): Buffer {
  const isLink = type === 'SymbolicLink' || type === 'Link';
  const bytes = Buffer.from(type === 'File' ? content : '');
  const head = { type, path: at, mode, size: bytes.length, ...(isLink && { linkpath }) } as const;
  return Buffer.concat([headerBlocks(head), bytes, paddingAfter(bytes.length)]);
}

test('what an author accepts, a device unpacks, and to the digest that the author signed', async () => {
  let accepted = 0;
  let removed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 5 }), async (entries) => {
      const both = await digestsOf(Buffer.concat([...entries.map(blocksOf), END_OF_ARCHIVE]));
      if (both.author === undefined) return; // an author may refuse more than a device
      expect(both.author).toBe(both.device);
      accepted += 1;
      if (entries.some(({ path: at }) => at.includes('.wh.'))) removed += 1;
    }),
    { numRuns: 900 },
  );
  expect(accepted).toBeGreaterThan(100);
  expect(removed).toBeGreaterThan(10);
});

test('both accept a harmless archive', async () => {
  const both = await digestsOf(await harmlessArchive().build());
  expect(both.author).toMatch(/^[0-9a-f]{64}$/);
  expect(both.device).toBe(both.author);
});
