import { FrameError } from './framer.ts';
import { MAX_PUBLISH_BYTES } from './packet-limits.ts';
import { lengthBytes, packetOf, PacketReader } from './packet-reader.ts';

/** Turns the packets of one MQTT 5 connection into MQTT 3.1.1 and back. */
export interface Mqtt5Bridge {
  readonly inbound: (frame: Buffer) => Buffer;
  /** Undefined for a packet that the client has said it will not take. */
  readonly outbound: (frame: Buffer) => Buffer | undefined;
}

/** What a connection must remember. */
interface Session {
  readonly maxPacketBytes: number;
  readonly canAcknowledge: boolean;
  readonly assignedClientId: Buffer | undefined;
  /** How many topics each UNSUBSCRIBE named: only MQTT 5 answers each of them. */
  readonly unsubscribing: Map<number, number>;
}

const NO_PROPERTIES = Buffer.from([0]);
const LEVEL_OFFSET_IN_BODY = 6; // after the counted name "MQTT"

/** Whether a CONNECT asks for MQTT 5. */
export function isMqtt5Connect(frame: Buffer): boolean {
  const reader = new PacketReader(frame);
  return reader.take(LEVEL_OFFSET_IN_BODY).toString('latin1', 2) === 'MQTT' && reader.byte() === 5;
}

/**
 * The broker that we embed speaks MQTT 3.1.1. What Sealift uses is in both, so an MQTT 5 client is
 * served by rewriting its packets: properties are taken off on the way in, and what the server does
 * not offer is said in its CONNACK, as MQTT 5 asks for.
 */
export function mqtt5Bridge(connect: Buffer): Mqtt5Bridge & { readonly connect: Buffer } {
  const { packet, session } = readConnect(connect);
  return {
    connect: packet,
    inbound: (frame) => inbound(frame, session),
    outbound: (frame) => {
      const translated = outbound(frame, session);
      return translated.length > session.maxPacketBytes ? undefined : translated;
    },
  };
}

const CLEAN = 0x02;
const WILL = 0x04;

function readConnect(frame: Buffer): { readonly packet: Buffer; readonly session: Session } {
  const reader = new PacketReader(frame);
  const name = reader.take(LEVEL_OFFSET_IN_BODY);
  reader.byte(); // the level, which is why we are here
  const flags = reader.byte();
  const keepAlive = reader.take(2);
  const properties = reader.properties();
  if (properties.has(0x15)) throw new FrameError('enhanced authentication is not offered');
  const clientId = reader.counted();
  if ((flags & WILL) !== 0) reader.properties();
  const willAndLogin = reader.rest();
  const packet = packetOf(0x10, [
    name,
    Buffer.from([4, flags | CLEAN]),
    keepAlive,
    clientId,
    willAndLogin,
  ]);
  return { packet, session: sessionOf(properties, flags, { clientId, willAndLogin }) };
}

interface Payload {
  readonly clientId: Buffer;
  readonly willAndLogin: Buffer;
}

function sessionOf(
  properties: ReadonlyMap<number, Buffer>,
  flags: number,
  { clientId, willAndLogin }: Payload,
): Session {
  return {
    maxPacketBytes: properties.get(0x27)?.readUInt32BE() ?? Infinity,
    canAcknowledge: !properties.has(0x21),
    assignedClientId: clientId.length === 2 ? userNameOf(willAndLogin, flags) : undefined,
    unsubscribing: new Map(),
  };
}

/** Our client ids are user names, whatever the client asked for. */
function userNameOf(willAndLogin: Buffer, flags: number): Buffer | undefined {
  if ((flags & 0x80) === 0) return undefined;
  const reader = new PacketReader(packetOf(0, [willAndLogin]));
  if ((flags & WILL) !== 0) {
    reader.counted();
    reader.counted();
  }
  return reader.counted();
}

function inbound(frame: Buffer, session: Session): Buffer {
  const first = frame.readUInt8();
  const reader = new PacketReader(frame);
  switch (first >> 4) {
    case 3:
      return publishIn(first, reader);
    case 4:
    case 5:
    case 6:
    case 7:
      return packetOf(first, [reader.take(2)]); // reason and properties are news to nobody
    case 8:
      return subscribeIn(first, reader, session);
    case 10:
      return unsubscribeIn(first, reader, session);
    case 12:
      return frame;
    case 14:
      return packetOf(first, []);
    default:
      throw new FrameError(`a packet of type ${first >> 4}`);
  }
}

function publishIn(first: number, reader: PacketReader): Buffer {
  const topic = reader.counted();
  const id = reader.take((first & 0x06) === 0 ? 0 : 2);
  if (reader.properties().has(0x23)) throw new FrameError('topic aliases are not offered');
  return packetOf(first, [topic, id, reader.rest()]);
}

function subscribeIn(first: number, reader: PacketReader, { canAcknowledge }: Session): Buffer {
  const parts = [reader.take(2)];
  if (reader.properties().has(0x0b))
    throw new FrameError('no subscription identifiers are offered');
  while (!reader.isAtEnd) {
    const filter = reader.counted();
    const qos = reader.byte() & 0x03;
    // The broker does not count what is under way. A client that limits it gets what needs no answer.
    parts.push(filter, Buffer.from([canAcknowledge ? qos : 0]));
  }
  return packetOf(first, parts);
}

function unsubscribeIn(first: number, reader: PacketReader, { unsubscribing }: Session): Buffer {
  const id = reader.take(2);
  reader.properties();
  const filters: Buffer[] = [];
  while (!reader.isAtEnd) filters.push(reader.counted());
  unsubscribing.set(id.readUInt16BE(), filters.length);
  return packetOf(first, [id, ...filters]);
}

function outbound(frame: Buffer, session: Session): Buffer {
  const first = frame.readUInt8();
  const reader = new PacketReader(frame);
  switch (first >> 4) {
    case 2:
      return connackOut(reader, session);
    case 3: {
      const topic = reader.counted();
      const id = reader.take((first & 0x06) === 0 ? 0 : 2);
      return packetOf(first, [topic, id, NO_PROPERTIES, reader.rest()]);
    }
    case 9: {
      const id = reader.take(2);
      return packetOf(first, [id, NO_PROPERTIES, reader.rest().map(subackReason) as Buffer]);
    }
    case 11: {
      const id = reader.take(2);
      const count = session.unsubscribing.get(id.readUInt16BE()) ?? 1;
      session.unsubscribing.delete(id.readUInt16BE());
      return packetOf(first, [id, NO_PROPERTIES, Buffer.alloc(count)]);
    }
    default:
      return frame; // acknowledgements and pings are the same in both
  }
}

// MQTT 3.1.1 table 3.1, in the words of MQTT 5 3.2.2.2.
const CONNACK_REASONS = [0x00, 0x84, 0x85, 0x88, 0x86, 0x87] as const;
const UNSPECIFIED = 0x80;
const NOT_AUTHORIZED = 0x87;

function connackOut(reader: PacketReader, { assignedClientId }: Session): Buffer {
  const flags = reader.take(1);
  const reason = CONNACK_REASONS[reader.byte()] ?? UNSPECIFIED;
  const properties = reason === 0 ? offers(assignedClientId) : Buffer.alloc(0);
  return packetOf(0x20, [flags, Buffer.from([reason]), lengthBytes(properties.length), properties]);
}

/** What this server offers, where that is less than MQTT 5 has (MQTT 5, 3.2.2.3). */
function offers(assignedClientId: Buffer | undefined): Buffer {
  const maxPacket = Buffer.alloc(4);
  maxPacket.writeUInt32BE(MAX_PUBLISH_BYTES);
  return Buffer.concat([
    Buffer.from([0x11, 0, 0, 0, 0]), // a session ends with its connection
    Buffer.from([0x24, 1]), // QoS 1 at most
    Buffer.from([0x27]),
    maxPacket,
    Buffer.from([0x29, 0, 0x2a, 0]), // neither subscription identifiers nor shared subscriptions
    ...(assignedClientId === undefined ? [] : [Buffer.from([0x12]), assignedClientId]),
  ]);
}

function subackReason(granted: number): number {
  return granted === 0x80 ? NOT_AUTHORIZED : granted;
}
