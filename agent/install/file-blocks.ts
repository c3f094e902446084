import type { FileHandle } from 'node:fs/promises';
import { Readable, type Transform } from 'node:stream';
import { BUFFER_BYTES } from './hash-file.ts';

/** The bytes of something, block by block. A block may be overwritten once the next is asked for. */
export type Blocks = AsyncGenerator<Buffer, void, undefined>;

/** A file through one reused buffer. Always full but for the last: parsers keep odd ends by reference. */
export async function* fileBlocks(file: FileHandle): Blocks {
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

/** A file through a decoder of node:zlib, whose errors are passed on as they are. */
export async function* decodedBlocks(file: FileHandle, decoder: Transform): Blocks {
  const packed = Readable.from(copied(fileBlocks(file)), { objectMode: false, highWaterMark: 0 });
  packed.on('error', (cause) => decoder.destroy(cause));
  try {
    yield* packed.pipe(decoder) as AsyncIterable<Buffer>;
  } finally {
    packed.destroy();
    decoder.destroy();
  }
}

/** `Z_DATA_ERROR`, `ZSTD_error_...`: the bytes are not what the packer writes, or end too early. */
export function isOfDecoder(cause: unknown): cause is Error {
  return (
    cause instanceof Error &&
    'code' in cause &&
    typeof cause.code === 'string' &&
    /^Z(STD)?_/.test(cause.code)
  );
}

async function* copied(blocks: AsyncIterable<Buffer>): Blocks {
  for await (const block of blocks) yield Buffer.from(block);
}
