import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { FrameError, framer } from './framer.ts';
import { MAX_CONNECT_BYTES, MAX_OTHER_BYTES, MAX_PUBLISH_BYTES } from './packet-limits.ts';

const CONNECT = 1;
const PUBLISH = 3;

/**
 * A socket as the broker sees it: whole packets, none longer than it may be, and a CONNECT before
 * everything else. The broker's own parser would collect up to 256 MB from anybody.
 */
export class GuardedConnection extends Duplex {
  readonly #socket: Socket;
  readonly #cut = framer((type) => this.#limitOf(type));
  #connecting = true;

  constructor(socket: Socket) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#take(chunk);
    });
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', (cause) => this.destroy(cause));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // The callback comes when the socket has taken it, so a slow reader holds the broker back.
    this.#socket.write(chunk, done);
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(cause: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(cause);
  }

  #take(chunk: Buffer): void {
    try {
      for (const frame of this.#cut(chunk)) {
        this.#connecting = false;
        if (!this.push(frame)) this.#socket.pause();
      }
    } catch (cause) {
      if (!(cause instanceof FrameError)) throw cause;
      this.destroy(cause);
    }
  }

  #limitOf(type: number): number {
    if (this.#connecting && type !== CONNECT)
      throw new FrameError('it does not begin with CONNECT');
    if (type === CONNECT) return MAX_CONNECT_BYTES;
    return type === PUBLISH ? MAX_PUBLISH_BYTES : MAX_OTHER_BYTES;
  }
}
