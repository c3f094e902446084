import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { hasCode } from './durable-file.ts';
import { BUFFER_BYTES, newHash } from './hash-file.ts';

const ALIGNMENT_BYTES = 4_096;
/** malloc aligns to this; so some multiple of it inside the buffer is where the device wants it. */
const STEP_BYTES = 16;

/**
 * The hash of the first bytes of a file or device, and how many there were. They are read past the
 * page cache (`O_DIRECT`) where the file system lets us, so that they come from the medium and not
 * from the memory that we wrote them from. Where it does not (tmpfs, some others), they come through
 * the cache: Node has no fadvise, and emptying the whole system's cache is not ours to do.
 */
export async function hashOfFirst(
  path: string,
  lengthBytes: number,
  requireRunning: () => void,
): Promise<string> {
  const { file, buffer } = await openPastCache(path);
  try {
    const hash = newHash();
    let read = 0;
    while (read < lengthBytes) {
      requireRunning();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, read);
      if (bytesRead === 0) break;
      const wanted = Math.min(bytesRead, lengthBytes - read);
      hash.update(buffer.subarray(0, wanted));
      read += wanted;
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

interface Opened {
  readonly file: FileHandle;
  readonly buffer: Buffer;
}

async function openPastCache(path: string): Promise<Opened> {
  const roomy = Buffer.allocUnsafeSlow(BUFFER_BYTES + ALIGNMENT_BYTES);
  const file = await openDirect(path);
  if (file !== undefined) {
    const buffer = await alignedPart(file, roomy);
    if (buffer !== undefined) return { file, buffer };
    await file.close();
  }
  return { file: await open(path, 'r'), buffer: roomy.subarray(0, BUFFER_BYTES) };
}

async function openDirect(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECT);
  } catch (cause) {
    if (hasCode(cause, 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP')) return undefined;
    throw cause;
  }
}

/** JavaScript does not see addresses, but a read into a wrong one is refused: so they are tried. */
async function alignedPart(file: FileHandle, roomy: Buffer): Promise<Buffer | undefined> {
  for (let offset = 0; offset < ALIGNMENT_BYTES; offset += STEP_BYTES) {
    try {
      await file.read(roomy, offset, ALIGNMENT_BYTES, 0);
      return roomy.subarray(offset, offset + BUFFER_BYTES);
    } catch (cause) {
      if (!hasCode(cause, 'EINVAL')) throw cause;
    }
  }
  return undefined;
}
