import { mkdir, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  archiveHeader,
  BLOCK_BYTES,
  paddedLength,
} from '../../../shared/protocol/bundle-archive.ts';
import { isBundleName } from '../../../shared/protocol/offline-bundle.ts';
import { Failure } from '../../failure.ts';

type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Where a bundle is written to, file by file. */
export interface BundleSink {
  readonly put: (name: string, length: number, bytes: Bytes) => Promise<void>;
  readonly finish: () => Promise<void>;
  /** Takes away what was written: half a bundle is none. */
  readonly discard: () => Promise<void>;
}

/** One tar file for a name that ends in `.tar`, else a folder. Neither may be there already. */
export async function openBundleSink(path: string): Promise<BundleSink> {
  if (await isThere(path)) throw new Failure('bundle_exists', `${path} is already there`);
  return path.endsWith('.tar') ? fileSink(path) : folderSink(path);
}

async function folderSink(path: string): Promise<BundleSink> {
  await mkdir(path, { recursive: true });
  return {
    put: async (name, length, bytes) => {
      const target = join(path, requireName(name));
      await mkdir(dirname(target), { recursive: true });
      const file = await open(target, 'wx', 0o644);
      try {
        await writeAll(file, name, length, bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    },
    finish: () => Promise.resolve(),
    discard: () => rm(path, { recursive: true, force: true }),
  };
}

async function fileSink(path: string): Promise<BundleSink> {
  const file = await open(path, 'wx', 0o644);
  return {
    put: async (name, length, bytes) => {
      await file.writeFile(archiveHeader(requireName(name), length));
      await writeAll(file, name, length, bytes);
      await file.writeFile(Buffer.alloc(paddedLength(length) - length));
    },
    finish: async () => {
      await file.writeFile(Buffer.alloc(2 * BLOCK_BYTES));
      await file.sync();
      await file.close();
    },
    discard: async () => {
      await file.close();
      await rm(path, { force: true });
    },
  };
}

async function writeAll(
  file: FileHandle,
  name: string,
  length: number,
  bytes: Bytes,
): Promise<void> {
  let written = 0;
  for await (const chunk of bytes) {
    written += chunk.length;
    if (written > length) break;
    await file.writeFile(chunk);
  }
  if (written !== length) {
    throw new Failure('blob_wrong', `${name} should have ${length} bytes`);
  }
}

/** Names come from signed metadata of others: none may lead out of the bundle. */
function requireName(name: string): string {
  if (isBundleName(name)) return name;
  throw new Failure('blob_wrong', `${name} is no name for a file of a bundle`);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
