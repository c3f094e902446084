import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { collectYoung } from '../collect-garbage.ts';
import { BUFFER_BYTES } from '../install/hash-file.ts';

/** Where the bytes of a download go: hashed, and to their place in a file. */
export interface Sink {
  /** Answers when it can take more, if that is not now. */
  readonly write: (chunk: Buffer) => Promise<void> | undefined;
  /** Everything that was written so far is in the file, and what the disk said against it is thrown. */
  readonly flush: () => Promise<void>;
}

/** The file that is written, from where, and the hash of all of it. */
export interface Behind {
  readonly file: FileHandle;
  readonly hash: Hash;
  readonly from: number;
  readonly milliseconds: () => number;
}

/**
 * What the power takes is fetched again: at most what came in the last second, or one buffer where that
 * is more. On a fast line a flush a second is too few to wait for at the end, and a disk needs rows to
 * write in: there it is every 64 MiB.
 */
const MOST_BETWEEN_FLUSHES = 64 * BUFFER_BYTES;
const FLUSH_AFTER_MS = 1_000;
/** Of one buffer each: 8 MiB of chunks at most. */
const BUFFERS_BETWEEN_COLLECTIONS = 8;

/**
 * Three things at once, or a large file would take as long as all three together: while the network
 * fills one buffer, the other is written, and what was written before is on its way to the disk.
 * A failure of either is thrown by the next call, and never lost: a disk tells it only once.
 */
export function writeBehind({ file, hash, from, milliseconds }: Behind): Sink {
  let buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  let other = Buffer.allocUnsafe(BUFFER_BYTES);
  let filled = 0;
  let at = from;
  let buffers = 0;
  let writing = Promise.resolve();
  const disk = diskBehind(file, from, milliseconds);
  const pass = async (): Promise<void> => {
    await writing;
    disk.requireSound();
    const full = buffer.subarray(0, filled);
    writing = heardLater(writeAll(file, full, at));
    hash.update(full); // the same bytes, while they are written: nobody fills this buffer meanwhile
    disk.begin(at);
    at += filled;
    filled = 0;
    [buffer, other] = [other, buffer];
    buffers += 1;
    if (buffers % BUFFERS_BETWEEN_COLLECTIONS === 0) collectYoung();
  };
  const write = (chunk: Buffer): Promise<void> | undefined => {
    const copied = chunk.copy(buffer, filled);
    filled += copied;
    if (filled < buffer.length) return undefined;
    return pass().then(() => write(chunk.subarray(copied)));
  };
  const flush = async (): Promise<void> => {
    await pass();
    await writing;
    await disk.end();
  };
  return { write, flush };
}

interface DiskBehind {
  /** Everything before `at` was written, and may go to the disk. */
  readonly begin: (at: number) => void;
  readonly requireSound: () => void;
  readonly end: () => Promise<void>;
}

function diskBehind(file: FileHandle, from: number, milliseconds: () => number): DiskBehind {
  let begun = from;
  let begunAt = milliseconds();
  let busy: Promise<void> | undefined;
  let failure: { readonly cause: unknown } | undefined;
  const requireSound = (): void => {
    if (failure !== undefined) throw failure.cause;
  };
  return {
    begin: (at) => {
      const isDue = milliseconds() - begunAt >= FLUSH_AFTER_MS;
      if (busy !== undefined || (!isDue && at - begun < MOST_BETWEEN_FLUSHES)) return;
      begun = at;
      begunAt = milliseconds();
      busy = file
        .datasync()
        .catch((cause: unknown) => {
          failure = { cause };
        })
        .finally(() => {
          busy = undefined;
        });
    },
    requireSound,
    end: async () => {
      await busy;
      requireSound();
    },
  };
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Whoever waits for it next hears of its failure; that nobody waits yet is no crash. */
function heardLater(work: Promise<void>): Promise<void> {
  work.catch(() => undefined);
  return work;
}
