import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { Refusal } from '../../shared/trust/refusal.ts';
import { hasCode } from './durable-file.ts';
import type { Blocks } from './file-blocks.ts';
import { BUFFER_BYTES, newHash } from './hash-file.ts';
import type { ImageTarget } from './image-target.ts';
import { TargetUnfit } from './installer.ts';

/** What the author signed for the unpacked image. */
export interface SignedImage {
  readonly sha256: string;
  readonly length: number;
}

/** Zeros are looked for in pieces of this size: what flash erases at once, or a part of it. */
const PIECE_BYTES = 64 * 1_024;
const ZEROS = Buffer.alloc(PIECE_BYTES);

/**
 * Writes an image over its target, block by block, and flushes it. Answers the hash of what was
 * *sent* there; what *stands* there is for read-back.ts to say.
 *
 * Zeros are not written where the target is known to hold them: in a file, which is emptied first
 * and is a hole from then on; in a device only where reading just now brought zeros, because
 * nothing that a device says about discarded blocks is a promise.
 */
export async function writeImage(
  blocks: Blocks,
  target: ImageTarget,
  signed: SignedImage,
  requireRunning: () => void,
): Promise<string> {
  const file = await openTarget(target);
  try {
    if (target.kind === 'file') await makeHole(file, signed.length);
    const holds = target.kind === 'file' ? () => Promise.resolve(true) : zeroReader(file);
    const hash = newHash();
    let written = 0;
    for await (const block of inFullBlocks(blocks)) {
      requireRunning();
      if (written + block.length > signed.length) throw wrongLength('more', signed);
      hash.update(block);
      await writePieces(file, block, { at: written, holdsZeros: holds });
      written += block.length;
    }
    if (written < signed.length) throw wrongLength(String(written), signed);
    await file.sync();
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

/** `O_EXCL` on a block device: the kernel itself says no to one in use, and keeps others out meanwhile. */
async function openTarget({ kind, path }: ImageTarget): Promise<FileHandle> {
  try {
    return await open(path, kind === 'file' ? 'r+' : constants.O_RDWR | constants.O_EXCL);
  } catch (cause) {
    if (!hasCode(cause, 'EBUSY')) throw cause;
    throw new TargetUnfit('target_in_use', `${path} is in use`, { cause });
  }
}

async function makeHole(file: FileHandle, lengthBytes: number): Promise<void> {
  await file.truncate(0);
  await file.truncate(lengthBytes);
}

type HoldsZeros = (position: number, length: number) => Promise<boolean>;

function zeroReader(file: FileHandle): HoldsZeros {
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  return async (position, length) => {
    const { bytesRead } = await file.read(buffer, 0, length, position);
    return bytesRead === length && isZero(buffer.subarray(0, length));
  };
}

interface Where {
  readonly at: number;
  readonly holdsZeros: HoldsZeros;
}

async function writePieces(file: FileHandle, block: Buffer, { at, holdsZeros }: Where) {
  for (const { from, to, zero } of runsOf(block)) {
    if (zero && (await holdsZeros(at + from, to - from))) continue;
    await writeAll(file, block.subarray(from, to), at + from);
  }
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly zero: boolean;
}

/** The block as runs of pieces that are all zero, and of pieces that are not. */
export function* runsOf(block: Buffer): Generator<Run> {
  let run: Run | undefined;
  for (let from = 0; from < block.length; from += PIECE_BYTES) {
    const to = Math.min(from + PIECE_BYTES, block.length);
    const zero = isZero(block.subarray(from, to));
    if (run !== undefined && run.zero !== zero) yield run;
    run = run?.zero === zero ? { ...run, to } : { from, to, zero };
  }
  if (run !== undefined) yield run;
}

function isZero(bytes: Buffer): boolean {
  for (let from = 0; from < bytes.length; from += ZEROS.length) {
    const piece = bytes.subarray(from, from + ZEROS.length);
    if (!piece.equals(ZEROS.subarray(0, piece.length))) return false;
  }
  return true;
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Decoders give odd pieces; devices want whole blocks at whole places. Full ones are passed on. */
async function* inFullBlocks(blocks: Blocks): Blocks {
  let buffer: Buffer | undefined;
  let filled = 0;
  for await (const block of blocks) {
    if (filled === 0 && block.length === BUFFER_BYTES) {
      yield block;
      continue;
    }
    buffer ??= Buffer.allocUnsafe(BUFFER_BYTES);
    for (let taken = 0; taken < block.length;) {
      const copied = block.copy(buffer, filled, taken);
      filled += copied;
      taken += copied;
      if (filled === buffer.length) {
        yield buffer;
        filled = 0;
      }
    }
  }
  if (filled > 0 && buffer !== undefined) yield buffer.subarray(0, filled);
}

function wrongLength(found: string, { length }: SignedImage): Refusal {
  return new Refusal(
    'image_length_mismatch',
    `the image unpacks to ${found} bytes, ${length} were signed`,
  );
}
