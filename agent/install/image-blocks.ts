import { open, type FileHandle } from 'node:fs/promises';
import type { Transform } from 'node:stream';
import {
  compressionOf,
  UNPACKING_MEBIBYTES,
  ZSTD_WINDOW_LOG,
  type Compression,
} from '../../shared/release/compression.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { decodedBlocks, fileBlocks, isOfDecoder, type Blocks } from './file-blocks.ts';
import { hasTool, toolBlocks, ToolFailed, type ToolTask } from './tool-blocks.ts';

const CHUNK_BYTES = 256 * 1_024;

/** Refuses an image that this device could download but never unpack. */
export async function requireUnpacker(mediaType: string, path: string): Promise<void> {
  const compression = compressionOf(mediaType);
  if (compression === 'none' || compression === 'gzip') return;
  if (compression === 'zstd' && zstdOfNode() !== undefined) return;
  if (await hasTool(compression, path)) return;
  throw new Refusal(
    'compression_unsupported',
    `the image is packed with ${compression}, and this system has no program of that name`,
  );
}

/** The bytes of an image as they shall stand on the device, unpacked while they stream. */
export async function* imageBlocks(path: string, mediaType: string): Blocks {
  const file = await open(path, 'r');
  try {
    yield* unpacked(file, compressionOf(mediaType));
  } catch (cause) {
    throw asRefusal(cause);
  } finally {
    await file.close();
  }
}

function unpacked(file: FileHandle, compression: Compression): Blocks {
  switch (compression) {
    case 'none':
      return fileBlocks(file);
    case 'gzip':
      return decodedBlocks(file, zlib().createGunzip({ chunkSize: CHUNK_BYTES }));
    case 'zstd': {
      const decoder = zstdOfNode();
      return decoder === undefined
        ? toolBlocks(unpackingTask('zstd', file))
        : decodedBlocks(file, decoder());
    }
    case 'xz':
      return toolBlocks(unpackingTask('xz', file));
  }
}

/** Only when something is unpacked: an idle agent does without. */
const zlib = () => process.getBuiltinModule('node:zlib');

const ARGUMENTS = {
  xz: ['-dc', '--format=xz', '--threads=1', `--memlimit-decompress=${UNPACKING_MEBIBYTES}MiB`],
  zstd: ['-dcq', `--memory=${2 ** (ZSTD_WINDOW_LOG - 20)}MiB`],
} as const;

function unpackingTask(tool: keyof typeof ARGUMENTS, input: FileHandle): ToolTask {
  return { command: [tool, ...ARGUMENTS[tool]], input };
}

interface ZstdOfNode {
  readonly createZstdDecompress?: (options: object) => Transform;
  readonly constants: { readonly ZSTD_d_windowLogMax?: number };
}

/** Node has zstd of its own from 22.15 on; without it, the system's program does the same. */
function zstdOfNode(): (() => Transform) | undefined {
  const { createZstdDecompress, constants } = zlib() as unknown as ZstdOfNode;
  const windowLogMax = constants.ZSTD_d_windowLogMax;
  if (createZstdDecompress === undefined || windowLogMax === undefined) return undefined;
  const params = { [windowLogMax]: ZSTD_WINDOW_LOG };
  return () => createZstdDecompress({ chunkSize: CHUNK_BYTES, params });
}

const TOO_MUCH_MEMORY = /memory|window/i;

function asRefusal(cause: unknown): unknown {
  if (!isOfDecoder(cause) && !(cause instanceof ToolFailed)) return cause;
  const code = TOO_MUCH_MEMORY.test(cause.message) ? 'compression_unsupported' : 'image_malformed';
  return new Refusal(code, `the image cannot be unpacked: ${cause.message}`, { cause });
}
