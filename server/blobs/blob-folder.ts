import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** Blobs as files named by their digest. A file without `.unverified` in its name is whole and right. */
export interface BlobFolder {
  /** Where the blob lies or would lie. */
  readonly pathOf: (sha256: string) => string;
  /** Length on disk, or undefined when it is not there. */
  readonly lengthOf: (sha256: string) => Promise<number | undefined>;
  /** Takes in a stream of at most `maxBytes`; the file appears only if its digest is `sha256`. */
  readonly put: (
    sha256: string,
    chunks: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ) => Promise<PutResult>;
}

export type PutResult =
  | { readonly kind: 'stored'; readonly length: number }
  | { readonly kind: 'hash_mismatch'; readonly sha256: string }
  | { readonly kind: 'too_large' };

/** Opens a folder of blobs and removes what an interrupted upload left behind. */
export async function openBlobFolder(folder: string): Promise<BlobFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeLeftovers(folder);
  const parentOf = (sha256: string): string => join(folder, sha256.slice(0, 2));
  const pathOf = (sha256: string): string => join(parentOf(sha256), sha256);
  return {
    pathOf,
    lengthOf: (sha256) => lengthOf(pathOf(sha256)),
    put: async (sha256, chunks, maxBytes) => {
      await makeFolder(parentOf(sha256), folder);
      return receive({ path: pathOf(sha256), sha256, folder: parentOf(sha256) }, chunks, maxBytes);
    },
  };
}

interface Place {
  readonly path: string;
  readonly sha256: string;
  readonly folder: string;
}

async function receive(
  { path, sha256, folder }: Place,
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<PutResult> {
  const aside = `${path}${UNVERIFIED}${randomBytes(8).toString('hex')}`;
  try {
    const written = await writeHashed(aside, chunks, maxBytes);
    if (written === 'too_large') return { kind: 'too_large' };
    if (written.sha256 !== sha256) return { kind: 'hash_mismatch', sha256: written.sha256 };
    await rename(aside, path);
    await flushFolder(folder);
    return { kind: 'stored', length: written.length };
  } finally {
    await rm(aside, { force: true });
  }
}

async function writeHashed(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly sha256: string; readonly length: number } | 'too_large'> {
  const file = await open(path, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let length = 0;
    for await (const chunk of chunks) {
      length += chunk.length;
      if (length > maxBytes) return 'too_large';
      hash.update(chunk);
      await writeAll(file, chunk);
    }
    await file.sync();
    return { sha256: hash.digest('hex'), length };
  } finally {
    await file.close();
  }
}

/** `write` may take less than it was given. */
async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, at);
    at += bytesWritten;
  }
}

const UNVERIFIED = '.unverified-';

async function removeLeftovers(folder: string): Promise<void> {
  for (const parent of await readdir(folder, { withFileTypes: true })) {
    if (!parent.isDirectory()) continue;
    const files = await readdir(join(folder, parent.name));
    const leftovers = files.filter((name) => name.includes(UNVERIFIED));
    await Promise.all(leftovers.map((name) => rm(join(folder, parent.name, name))));
  }
}

async function makeFolder(path: string, parent: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined) await flushFolder(parent);
}

async function flushFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function lengthOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}
