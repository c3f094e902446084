import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { AfterRead } from '../drift/read-budget.ts';

/** One reused buffer of this size: half the CPU and memory of a stream of small chunks. */
export const BUFFER_BYTES = 1_024 * 1_024;

/** Feeds a file to a hash, from where the handle stands to its end. Answers how many bytes. */
export async function hashInto(
  hash: Hash,
  file: FileHandle,
  buffer: Buffer,
  afterRead?: AfterRead,
): Promise<number> {
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, length);
    if (bytesRead === 0) return length;
    hash.update(buffer.subarray(0, bytesRead));
    length += bytesRead;
    await afterRead?.(bytesRead);
  }
}

/** A fresh hash of the one algorithm that names things. */
export function newHash(): Hash {
  return createHash('sha256');
}
