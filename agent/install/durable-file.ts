import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces `path` so that after a power cut it holds either the old bytes or the new ones.
 *
 * The order is the point: write aside, flush the file, rename, flush the folder. Without the last
 * step the rename itself can be lost.
 */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const aside = `${path}.partial`;
  try {
    await writeAndFlush(aside, bytes);
    await rename(aside, path);
    await flushFolder(dirname(path));
  } catch (cause) {
    await rm(aside, { force: true });
    throw cause;
  }
}

/** Removes `path` so that it stays removed. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true });
  await flushFolder(dirname(path));
}

/** Puts a finished file in its place, so that it stays there. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await flushFolder(dirname(to));
}

/** The bytes of a file, or undefined when there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    throw cause;
  }
}

/** Flushes a folder: the names in it, not what they name. */
export async function flushFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether the platform failed with this error code. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    codes.includes(error.code)
  );
}

async function writeAndFlush(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
