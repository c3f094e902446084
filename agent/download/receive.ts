import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { HttpAnswer } from '../link/http.ts';
import { paceGuard, SlowRetrieval, type Pace } from '../link/pace.ts';
import { Unreachable } from '../link/unreachable.ts';
import { eachChunk } from './each-chunk.ts';
import { writeBehind } from './write-behind.ts';

/** A file that is being received: what of it is there, and how long it was signed to be. */
export interface Received {
  readonly file: FileHandle;
  /** Has seen the bytes before `from`. */
  readonly hash: Hash;
  readonly from: number;
  readonly length: number;
  readonly pace: Pace;
}

/** The connection ended before the file did, or we ended it: then `cause` is {@link SlowRetrieval}. */
export class BrokenOff extends Unreachable {
  readonly receivedBytes: number;

  constructor(detail: string, receivedBytes: number, options?: ErrorOptions) {
    super(detail, options);
    this.receivedBytes = receivedBytes;
  }
}

/**
 * Writes a body to its place in a file, hashing while it streams, through two reused buffers. Stops
 * at the first byte that is too many. What came before a broken connection is in the file.
 */
export async function receive(
  { headers, body, status }: HttpAnswer,
  into: Received,
): Promise<void> {
  const announced = headers['content-length'];
  if (announced !== undefined && into.from + Number(announced) > into.length) {
    body.destroy();
    throw wrongLength(into, into.from + Number(announced));
  }
  const sink = writeBehind({ ...into, milliseconds: into.pace.milliseconds });
  const requirePace = paceGuard(into.pace);
  let received = 0;
  try {
    await eachChunk(body, (chunk) => {
      received += chunk.length;
      if (into.from + received > into.length) throw wrongLength(into, undefined);
      requirePace(received);
      return sink.write(chunk);
    });
  } catch (cause) {
    if (cause instanceof Refusal || isOfDisk(cause)) throw cause;
    await sink.flush();
    const why = cause instanceof SlowRetrieval ? 'was too slow' : 'broke';
    throw new BrokenOff(`the connection ${why} after ${received} bytes`, received, { cause });
  }
  await sink.flush();
  if (into.from + received < into.length) throw tooShort(into, received, status);
}

/** A whole answer that is short is a wrong file; a part may be short (RFC 9110 15.3.7). */
function tooShort(into: Received, received: number, status: number): Error {
  if (status === 200) return wrongLength(into, received);
  return new BrokenOff(`the server sent a part of ${received} bytes only`, received);
}

function wrongLength({ length }: Received, found: number | undefined): Refusal {
  const what = found === undefined ? 'more bytes' : `${found} bytes`;
  return new Refusal('artifact_length_mismatch', `the artifact has ${what}, ${length} were signed`);
}

function isOfDisk(cause: unknown): boolean {
  return cause instanceof Error && 'syscall' in cause && OF_DISK.has(String(cause.syscall));
}

const OF_DISK: ReadonlySet<string> = new Set(['write', 'fdatasync']);
