import {
  deviceTopics,
  IMAGE_TIMESTAMP_TOPIC,
  PUBLIC_TOPIC_FILTERS,
} from '../../shared/protocol/topics.ts';

const RELEASES = PUBLIC_TOPIC_FILTERS[1].slice(0, -1);

/** A device speaks on two topics, its own. Everything else it publishes ends its connection. */
export function mayPublish(deviceId: string, topic: string): boolean {
  const { reports, presence } = deviceTopics(deviceId);
  return topic === reports || topic === presence;
}

/**
 * A device hears its own assignment and acknowledgements, and what is public. Filters are compared as
 * text, so a wildcard that could reach another device is simply none of these.
 */
export function maySubscribe(deviceId: string, filter: string): boolean {
  const { assignment, acknowledgement } = deviceTopics(deviceId);
  return filter === assignment || filter === acknowledgement || isPublic(filter);
}

/** Whether a topic or filter stays within what every device may read. */
export function isPublic(filter: string): boolean {
  return filter === IMAGE_TIMESTAMP_TOPIC || filter.startsWith(RELEASES);
}

/** MQTT 3.1.1, 4.7: whether a filter that the broker has checked selects a topic. */
export function selects(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [index, want] of wanted.entries()) {
    if (want === '#') return true;
    if (want !== '+' && want !== levels[index]) return false;
    if (levels[index] === undefined) return false;
  }
  return wanted.length === levels.length;
}
