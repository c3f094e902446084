import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { END_OF_ARCHIVE, headerBlocks, paddingAfter } from '../../firmware-fixtures/archive.ts';
import type { Hashes } from '../../firmware-fixtures/cyclonedx.ts';
import { walkRoot, type RootEntry } from './walk-root.ts';

/** What came out of packing. */
export interface PackedRoot {
  readonly hashes: Hashes;
  readonly entryCount: number;
  readonly unpackedBytes: number;
  readonly packedBytes: number;
}

/** Packs `root` into one `.tar.gz` file: sorted, owned by root, fixed times. */
export async function packRoot(root: string, archiveFile: string): Promise<PackedRoot> {
  let entryCount = 0;
  let unpackedBytes = 0;
  async function* blocks(): AsyncGenerator<Buffer> {
    for await (const entry of walkRoot(root)) {
      entryCount += 1;
      unpackedBytes += entry.type === 'File' ? entry.size : 0;
      yield* entryBlocks(root, entry);
    }
    yield END_OF_ARCHIVE;
  }
  const meter = hashMeter();
  const gzip = createGzip({ level: 6 });
  await pipeline(Readable.from(blocks()), gzip, meter.through, createWriteStream(archiveFile));
  return { ...meter.result(), entryCount, unpackedBytes };
}

async function* entryBlocks(root: string, entry: RootEntry): AsyncGenerator<Buffer> {
  if (entry.type === 'SymbolicLink') {
    yield headerBlocks({ ...entry, mode: 0o777, size: 0 });
  } else if (entry.type === 'Directory') {
    yield headerBlocks({ ...entry, path: `${entry.path}/`, size: 0 });
  } else {
    yield headerBlocks(entry);
    yield* createReadStream(join(root, entry.path)) as AsyncIterable<Buffer>;
    yield paddingAfter(entry.size);
  }
}

interface HashMeter {
  readonly through: Transform;
  readonly result: () => Pick<PackedRoot, 'hashes' | 'packedBytes'>;
}

/** Hashes what passes: reading a large file a second time would cost more than packing it. */
function hashMeter(): HashMeter {
  const [sha256, sha512] = [createHash('sha256'), createHash('sha512')];
  let packedBytes = 0;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sha256.update(chunk);
      sha512.update(chunk);
      packedBytes += chunk.length;
      done(null, chunk);
    },
  });
  const result = (): ReturnType<HashMeter['result']> => ({
    hashes: { sha256: sha256.digest('hex'), sha512: sha512.digest('hex') },
    packedBytes,
  });
  return { through, result };
}
