import { FrameError, readVariable } from './framer.ts';

/** Reads one control packet from its body on, and never beyond its end. */
export class PacketReader {
  readonly #bytes: Buffer;
  #at: number;

  /** `frame` is a whole packet, as the framer cuts it. */
  constructor(frame: Buffer) {
    this.#bytes = frame;
    this.#at = 0;
    this.take(1);
    this.variable();
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The next `length` bytes, as they are. */
  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new FrameError('a packet ends too early');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  rest(): Buffer {
    return this.take(this.#bytes.length - this.#at);
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  /** A length of two bytes and what it counts (MQTT 5, 1.5.4 and 1.5.6), the length included. */
  counted(): Buffer {
    const length = this.take(2);
    return Buffer.concat([length, this.take(length.readUInt16BE())]);
  }

  variable(): number {
    const read = readVariable(this.#bytes, this.#at);
    if (read === undefined) throw new FrameError('a packet ends too early');
    this.#at += read.size;
    return read.value;
  }

  /** Properties by their identifier (MQTT 5, 2.2.2); of those that repeat, the last. */
  properties(): ReadonlyMap<number, Buffer> {
    const length = this.variable();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new FrameError('properties end too late');
    const found = new Map<number, Buffer>();
    while (this.#at < end) {
      const id = this.variable();
      found.set(id, this.#property(PROPERTY_SIZES.get(id)));
    }
    if (this.#at !== end) throw new FrameError('a property ends too late');
    return found;
  }

  #property(size: PropertySize | undefined): Buffer {
    if (typeof size === 'number') return this.take(size);
    switch (size) {
      case 'counted':
        return this.counted();
      case 'pair':
        return Buffer.concat([this.counted(), this.counted()]);
      case 'variable': {
        this.variable();
        return Buffer.alloc(0); // only whether it is there matters
      }
      case undefined:
        throw new FrameError('a property that MQTT 5 does not have');
    }
  }
}

type PropertySize = 1 | 2 | 4 | 'counted' | 'pair' | 'variable';

// MQTT 5, table 2-4.
const PROPERTY_SIZES: ReadonlyMap<number, PropertySize> = new Map<number, PropertySize>([
  ...[0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2a].map((id) => [id, 1] as const),
  ...[0x13, 0x21, 0x22, 0x23].map((id) => [id, 2] as const),
  ...[0x02, 0x11, 0x18, 0x27].map((id) => [id, 4] as const),
  ...[0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1a, 0x1c, 0x1f].map((id) => [id, 'counted'] as const),
  [0x26, 'pair'],
  [0x0b, 'variable'],
]);

/** A control packet: type and flags, its length, its body. */
export function packetOf(typeAndFlags: number, body: readonly Buffer[]): Buffer {
  const length = body.reduce((sum, { length: part }) => sum + part, 0);
  return Buffer.concat([Buffer.from([typeAndFlags]), lengthBytes(length), ...body]);
}

/** A length as a variable byte integer (MQTT 3.1.1, 2.2.3). */
export function lengthBytes(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return Buffer.from(bytes);
}
