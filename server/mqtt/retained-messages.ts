import { deviceTopics } from '../../shared/protocol/topics.ts';
import { isPublic, selects } from './topic-rules.ts';

/** What a subscriber is sent at once. */
export interface RetainedMessages {
  /** Keeps the newest message of a public topic; an empty one takes it away. */
  readonly keep: (topic: string, bytes: Uint8Array) => void;
  /** The messages that a filter selects. */
  readonly find: (filter: string) => AsyncIterable<RetainedMessage>;
}

export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
}

const OWN_ASSIGNMENT = new RegExp(`^${deviceTopics('([^/#+]+)').assignment}$`);

/**
 * Public messages are few and kept in memory. Assignments are as many as devices and are on disk
 * already: they are read when their device subscribes, so the broker's memory and the cost of a
 * subscription do not grow with the fleet.
 */
export function retainedMessages(
  loadAssignment: (deviceId: string) => Promise<Uint8Array | undefined>,
): RetainedMessages {
  const kept = new Map<string, Uint8Array>();
  return {
    keep: (topic, bytes) => {
      if (!isPublic(topic)) return;
      if (bytes.length === 0) kept.delete(topic);
      else kept.set(topic, bytes);
    },
    find: async function* (filter) {
      const device = OWN_ASSIGNMENT.exec(filter)?.[1];
      const assignment = device === undefined ? undefined : await loadAssignment(device);
      if (assignment !== undefined) yield { topic: filter, payload: assignment };
      for (const [topic, payload] of kept) {
        if (selects(filter, topic)) yield { topic, payload };
      }
    },
  };
}
