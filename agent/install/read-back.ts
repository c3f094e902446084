import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { AfterRead } from '../drift/read-budget.ts';
import { hasCode } from './durable-file.ts';
import { BUFFER_BYTES, newHash } from './hash-file.ts';

const ALIGNMENT_BYTES = 4_096;
/** malloc aligns to this; so some multiple of it inside the buffer is where the device wants it. */
const STEP_BYTES = 16;

/**
 * The hash of the first bytes of a file or device: of fewer, where it ends before. They are read past
 * the page cache (`O_DIRECT`) where the file system lets us, so that they come from the medium and
 * not from the memory that we wrote them from. Where it does not (some network file systems), they
 * come through the cache: Node has no fadvise, and emptying the whole system's cache is not ours to do.
 */
export async function hashOfFirst(
  path: string,
  lengthBytes: number,
  requireRunning: () => void,
  afterRead?: AfterRead,
): Promise<string> {
  const file = (await openDirect(path)) ?? (await open(path, 'r'));
  try {
    const readBlock = alignedReader(file);
    const hash = newHash();
    for (let read = 0; read < lengthBytes; read += BUFFER_BYTES) {
      requireRunning();
      const block = await readBlock(read);
      hash.update(block.subarray(0, lengthBytes - read));
      await afterRead?.(block.length);
      if (block.length < BUFFER_BYTES) break; // its end
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

async function openDirect(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECT);
  } catch (cause) {
    if (hasCode(cause, 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP')) return undefined;
    throw cause;
  }
}

/**
 * Reads a block at a position into one buffer. `O_DIRECT` wants it at a round address, which
 * JavaScript does not see; but a read to a wrong one is refused (a hole alone is read anywhere), so
 * places are tried until one is taken.
 */
function alignedReader(file: FileHandle): (position: number) => Promise<Buffer> {
  const roomy = Buffer.allocUnsafeSlow(BUFFER_BYTES + ALIGNMENT_BYTES);
  let offset = 0;
  return async (position) => {
    for (; ; offset += STEP_BYTES) {
      try {
        const { bytesRead } = await file.read(roomy, offset, BUFFER_BYTES, position);
        return roomy.subarray(offset, offset + bytesRead);
      } catch (cause) {
        if (!hasCode(cause, 'EINVAL') || offset + STEP_BYTES > ALIGNMENT_BYTES) throw cause;
      }
    }
  };
}
