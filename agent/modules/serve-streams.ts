import { constants, createReadStream, open } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { hasCode } from '../install/durable-file.ts';
import { pause } from '../pause.ts';
import type { PayloadFile } from './module-payload.ts';

/** What a module did with its streams. `untouched`: it wants its files in `files/` instead. */
export type StreamsEnd = 'consumed' | 'untouched' | 'unfinished';

/** What is served, and until when. */
export interface Streams {
  readonly tree: string;
  readonly files: readonly PayloadFile[];
  readonly withSizes: boolean;
  /** The module has ended: nobody reads any more. */
  readonly ended: AbortSignal;
}

/**
 * The streams tree: each read of `stream-next` brings one line, the name of a stream which is then
 * read once; nothing to read means that there are no more.
 */
export async function serveStreams(streams: Streams): Promise<StreamsEnd> {
  const { tree, files, withSizes, ended } = streams;
  const next = join(tree, 'stream-next');
  let begun = false;
  for (const { name, path, size } of files) {
    const line = `streams/${name}${withSizes ? ` ${size}` : ''}\n`;
    const asked = await write(next, Readable.from([Buffer.from(line)]), ended);
    if (asked === 'nobody') return begun ? 'unfinished' : 'untouched';
    begun = true;
    const read = await write(join(tree, 'streams', name), createReadStream(path), ended);
    if (asked !== 'read' || read !== 'read') return 'unfinished';
  }
  const last = await write(next, Readable.from([]), ended);
  if (last === 'nobody') return begun ? 'unfinished' : 'untouched';
  return 'consumed';
}

/** Writes all of `source` to whoever reads the pipe. */
async function write(
  pipe: string,
  source: Readable,
  ended: AbortSignal,
): Promise<'read' | 'nobody' | 'broken'> {
  const descriptor = await openWhenRead(pipe, ended);
  if (descriptor === undefined) {
    source.destroy();
    return 'nobody';
  }
  const socket = new Socket({ fd: descriptor, readable: false, writable: true });
  try {
    await pipeline(source, socket, { signal: ended });
    return 'read';
  } catch (cause) {
    if (hasCode(cause, 'EPIPE', 'ABORT_ERR')) return 'broken'; // it closed the pipe, or has ended
    throw cause;
  }
}

const openPipe = promisify(open);
const LOOK_AGAIN_MS = 10;

/**
 * Opens a pipe once somebody reads it. Opened as usual, it would block a thread of Node for as long
 * as a module does not care to read.
 */
async function openWhenRead(pipe: string, ended: AbortSignal): Promise<number | undefined> {
  for (;;) {
    try {
      return await openPipe(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (cause) {
      if (hasCode(cause, 'ENOENT') && ended.aborted) return undefined;
      if (!hasCode(cause, 'ENXIO')) throw cause;
    }
    if (ended.aborted) return undefined;
    await pause(LOOK_AGAIN_MS, ended);
  }
}
