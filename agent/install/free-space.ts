import { statfs } from 'node:fs/promises';

/** What a file system needs beside what we write: folders, our own small files, others. */
const MARGIN_BYTES = 1_024 * 1_024;

/** There is no room. An error of this machine's world, like the platform's own ENOSPC. */
export class NoSpace extends Error {
  override readonly name = 'NoSpace';
}

/** Refuses to begin what cannot end: a full disk found half-way costs flash and hours. */
export async function requireSpace(folder: string, lengthBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < lengthBytes + MARGIN_BYTES) {
    throw new NoSpace(`${folder} has ${free} bytes free, ${lengthBytes + MARGIN_BYTES} are needed`);
  }
}
