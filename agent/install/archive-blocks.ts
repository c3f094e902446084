import type { FileHandle } from 'node:fs/promises';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { ArchiveLimits } from '../../shared/release/archive-entries.ts';
import { decodedBlocks, fileBlocks, isOfDecoder, type Blocks } from './file-blocks.ts';

/** Headers, padding and PAX records of one entry, at most. */
const OVERHEAD_BYTES = 8 * 1_024;
const GZIP = Buffer.from([0x1f, 0x8b]);

/** The uncompressed bytes of an archive, block by block. */
export async function* readBlocks(file: FileHandle, limits: ArchiveLimits): Blocks {
  const head = Buffer.alloc(GZIP.length);
  await file.read(head, 0, head.length, 0);
  const isGzip = head.equals(GZIP);
  const blocks = isGzip ? gunzipped(file) : fileBlocks(file);
  // A bomb need not be in any entry: what it expands to is counted here, whatever it is.
  const mostBytes = limits.unpackedBytes + limits.entries * OVERHEAD_BYTES;
  let expanded = 0;
  for await (const block of blocks) {
    expanded += block.length;
    if (expanded > mostBytes) {
      throw new Refusal('archive_too_large', `the archive expands to more than ${mostBytes} bytes`);
    }
    yield block;
  }
}

async function* gunzipped(file: FileHandle): Blocks {
  const { createGunzip } = process.getBuiltinModule('node:zlib');
  try {
    yield* decodedBlocks(file, createGunzip({ chunkSize: 256 * 1_024 }));
  } catch (cause) {
    if (!isOfDecoder(cause)) throw cause;
    throw new Refusal('archive_malformed', `not gzip: ${cause.message}`, { cause });
  }
}
