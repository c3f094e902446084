import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './durable-file.ts';

/**
 * Removes a folder with everything in it. A release may hold folders that forbid writing; they are
 * opened first, or a device that does not run as root could never use the slot again.
 */
export async function wipeTree(path: string): Promise<void> {
  await openFolders(path);
  await rm(path, { recursive: true, force: true });
}

async function openFolders(path: string): Promise<void> {
  const stats = await lstatIfThere(path);
  if (stats?.isDirectory() !== true) return;
  await chmod(path, 0o700);
  for (const name of await readdir(path)) await openFolders(join(path, name));
}

async function lstatIfThere(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    throw cause;
  }
}
