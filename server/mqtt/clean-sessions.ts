import { Readable } from 'node:stream';
import type { RetainedMessages } from './retained-messages.ts';

interface Packet {
  readonly topic: string;
  readonly payload: Buffer;
}

/**
 * What aedes keeps between and beside connections: here, retained messages and nothing else.
 *
 * Every session is clean (the broker makes it so), because nothing in Sealift rests on the broker's
 * memory: what a device must hear is retained, what it must say it repeats until it is acknowledged.
 * So there are no queues for devices that are away, which anybody with one device could fill.
 */
export function cleanSessions(retained: RetainedMessages): object {
  const nothing = (): Promise<void> => Promise.resolve();
  const none = (): Promise<readonly never[]> => Promise.resolve([]);
  const absent = (): Promise<never> => Promise.reject(new Error('no such packet'));
  return {
    // aedes refuses a `setup` that is not literally an async function.
    setup: async () => {},
    storeRetained: (packet: Packet) => {
      retained.keep(packet.topic, packet.payload);
      return nothing();
    },
    createRetainedStreamCombi: (filters: readonly string[]) =>
      Readable.from(packetsOf(retained, filters)),
    subscriptionsByTopic: none,
    subscriptionsByClient: none,
    addSubscriptions: nothing,
    removeSubscriptions: nothing,
    cleanSubscriptions: nothing,
    outgoingEnqueue: nothing,
    outgoingEnqueueCombi: nothing,
    outgoingUpdate: nothing,
    outgoingClearMessageId: nothing,
    outgoingStream: () => Readable.from([]),
    // QoS 2 is refused before it comes here; an answer that belongs to none is "not found".
    incomingStorePacket: absent,
    incomingGetPacket: absent,
    incomingDelPacket: absent,
    cleanIncoming: nothing,
    putWill: nothing,
    delWill: nothing,
    streamWill: () => Readable.from([]),
  };
}

async function* packetsOf(
  retained: RetainedMessages,
  filters: readonly string[],
): AsyncGenerator<object> {
  for (const filter of filters) {
    for await (const { topic, payload } of retained.find(filter)) {
      yield { cmd: 'publish', qos: 1, topic, payload, retain: true };
    }
  }
}
