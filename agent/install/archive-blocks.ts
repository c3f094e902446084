import type { FileHandle } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { ArchiveLimits } from '../../shared/release/archive-entries.ts';
import { BUFFER_BYTES } from './hash-file.ts';

/** Headers, padding and PAX records of one entry, at most. */
const OVERHEAD_BYTES = 8 * 1_024;
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * The uncompressed bytes of an archive, block by block. A block may be overwritten when the next one
 * is asked for: whoever needs it longer copies it.
 */
export async function* readBlocks(
  file: FileHandle,
  limits: ArchiveLimits,
): AsyncGenerator<Buffer, void, undefined> {
  const head = Buffer.alloc(GZIP.length);
  await file.read(head, 0, head.length, 0);
  const isGzip = head.equals(GZIP);
  const blocks = isGzip ? gunzipped(file) : plain(file);
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

/** One reused buffer. Always full but for the last: the tar parser keeps odd ends by reference. */
async function* plain(file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  let position = 0;
  for (;;) {
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position);
      if (bytesRead === 0) break;
      filled += bytesRead;
      position += bytesRead;
    }
    if (filled === 0) return;
    yield buffer.subarray(0, filled);
  }
}

async function* gunzipped(file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  const packed = Readable.from(copied(plain(file)), { objectMode: false, highWaterMark: 0 });
  const gunzip = createGunzip({ chunkSize: 256 * 1_024 });
  packed.on('error', (cause) => gunzip.destroy(cause));
  try {
    yield* packed.pipe(gunzip) as AsyncIterable<Buffer>;
  } catch (cause) {
    if (!isOfZlib(cause)) throw cause;
    throw new Refusal('archive_malformed', `not gzip: ${cause.message}`, { cause });
  } finally {
    packed.destroy();
    gunzip.destroy();
  }
}

async function* copied(blocks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  for await (const block of blocks) yield Buffer.from(block);
}

/** `Z_DATA_ERROR`, `Z_BUF_ERROR`: the bytes are not what gzip writes, or end too early. */
function isOfZlib(cause: unknown): cause is Error {
  return (
    cause instanceof Error &&
    'code' in cause &&
    typeof cause.code === 'string' &&
    cause.code.startsWith('Z_')
  );
}
