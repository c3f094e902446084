import { constants, type ReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Refusal } from '../../shared/trust/refusal.ts';

/** Where the bytes of one file of a bundle lie: a file of their own, or a part of one. */
export interface Section {
  readonly path: string;
  readonly at: number;
  readonly length: number;
}

/** The files of an offline bundle, by name; nothing about them is verified. */
export interface BundleFiles {
  readonly find: (name: string) => Promise<Section | undefined>;
}

/** Never through a link, and never waiting for whoever holds the other end of a pipe. */
const PLAINLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a plain file; answers it with its length. Anything that is no plain file is refused. */
export async function openPlain(
  path: string,
): Promise<{ readonly file: FileHandle; readonly length: number }> {
  const file = await open(path, PLAINLY);
  const stat = await file.stat();
  if (stat.isFile()) return { file, length: stat.size };
  await file.close();
  throw new Refusal('bundle_malformed', `${path} is not a plain file`);
}

/** The whole of a small file, never more than `maxBytes`. */
export async function readSection(
  name: string,
  { path, at, length }: Section,
  maxBytes: number,
): Promise<Uint8Array> {
  if (length > maxBytes) {
    throw new Refusal('metadata_too_large', `${name} is longer than ${maxBytes} bytes`);
  }
  const { file } = await openPlain(path);
  try {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, at);
    return buffer.subarray(0, bytesRead); // shorter than it was: the verifier finds out
  } finally {
    await file.close();
  }
}

/** A file from `from` on, as a stream that closes what it opened. */
export async function streamSection(
  { path, at, length }: Section,
  from: number,
): Promise<ReadStream> {
  const { file } = await openPlain(path);
  // One byte more than there may be would be the next file of an archive.
  return file.createReadStream({ start: at + from, end: at + length - 1, autoClose: true });
}
