import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { FrameError, framer } from './framer.ts';
import { isMqtt5Connect, mqtt5Bridge, type Mqtt5Bridge } from './mqtt5-bridge.ts';
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
  readonly #cutOutbound = framer(() => Infinity);
  #connecting = true;
  #bridge: Mqtt5Bridge | undefined;

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
    this.#socket.write(this.#translate(chunk), done);
  }

  override _writev(
    chunks: readonly { readonly chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#socket.write(this.#translate(Buffer.concat(chunks.map(({ chunk }) => chunk))), done);
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
        if (!this.push(this.#accept(frame))) this.#socket.pause();
      }
    } catch (cause) {
      if (!(cause instanceof FrameError)) throw cause;
      this.destroy(cause);
    }
  }

  /** The packet as the broker reads it. */
  #accept(frame: Buffer): Buffer {
    if (!this.#connecting) return this.#bridge?.inbound(frame) ?? frame;
    this.#connecting = false;
    if (!isMqtt5Connect(frame)) return frame;
    const bridge = mqtt5Bridge(frame);
    this.#bridge = bridge;
    return bridge.connect;
  }

  /** What the broker says, as the client reads it. */
  #translate(bytes: Buffer): Buffer {
    const bridge = this.#bridge;
    if (bridge === undefined) return bytes;
    const packets = this.#cutOutbound(bytes).map((packet) => bridge.outbound(packet));
    return Buffer.concat(packets.filter((packet) => packet !== undefined));
  }

  #limitOf(type: number): number {
    if (this.#connecting && type !== CONNECT)
      throw new FrameError('it does not begin with CONNECT');
    if (type === CONNECT) return MAX_CONNECT_BYTES;
    return type === PUBLISH ? MAX_PUBLISH_BYTES : MAX_OTHER_BYTES;
  }
}
