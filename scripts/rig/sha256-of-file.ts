import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** The hash of a file, or of `length` bytes of it from `start` on. */
export async function sha256OfFile(
  path: string,
  part?: { readonly start: number; readonly length: number },
): Promise<string> {
  const hash = createHash('sha256');
  const range = part === undefined ? {} : { start: part.start, end: part.start + part.length - 1 };
  for await (const chunk of createReadStream(path, range)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
