import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  deviceTopics,
  IMAGE_TIMESTAMP_TOPIC,
  releaseTopics,
} from '../../shared/protocol/topics.ts';
import type { Broker, BrokerDeps } from './broker.ts';

/** Messages sent before others get a turn. */
const A_TURN = 100;

/** An SBOM longer than this is fetched over HTTP: every device would keep the broker busy with it. */
export const MAX_RETAINED_SBOM_BYTES = 1_048_576;

/**
 * Sends each connected device its newest word. The others are sent it when they subscribe, so nothing
 * is read for them.
 */
export async function announceAssignments(
  deviceIds: readonly string[],
  broker: Pick<Broker, 'isConnected' | 'publishRetained'>,
  loadAssignment: BrokerDeps['loadAssignment'],
): Promise<void> {
  const connected = deviceIds.filter((id) => broker.isConnected(id));
  for (const [index, id] of connected.entries()) {
    if (index % A_TURN === A_TURN - 1) await nextTurn();
    const bytes = await loadAssignment(id);
    if (bytes !== undefined) await broker.publishRetained(deviceTopics(id).assignment, bytes);
  }
}

/** A published release, as devices may hear of it. */
export interface PublicRelease {
  readonly product: string;
  readonly version: string;
  readonly manifest: Uint8Array;
  /** Undefined when it has none, or one that is too long. */
  readonly sbom: Uint8Array | undefined;
}

/** Publishes one release to all who subscribe to it, now and later. */
export async function announceRelease(
  { product, version, manifest, sbom }: PublicRelease,
  publishRetained: Broker['publishRetained'],
): Promise<void> {
  const topics = releaseTopics(product, version);
  await publishRetained(topics.manifest, manifest);
  if (sbom !== undefined && sbom.length <= MAX_RETAINED_SBOM_BYTES) {
    await publishRetained(topics.sbom, sbom);
  }
}

export interface RepublishDeps {
  readonly publishRetained: Broker['publishRetained'];
  /** The newest image timestamp; undefined before trust is founded. */
  readonly loadTimestamp: () => Promise<Uint8Array | undefined>;
  /** Published releases one by one, so that never more than one SBOM is in memory. */
  readonly releases: () => AsyncIterable<PublicRelease>;
}

/**
 * Fills an empty broker when the server starts. Assignments need no filling: the broker reads them
 * when their device subscribes.
 */
export async function republishAll(deps: RepublishDeps): Promise<void> {
  const timestamp = await deps.loadTimestamp();
  if (timestamp !== undefined) await deps.publishRetained(IMAGE_TIMESTAMP_TOPIC, timestamp);
  for await (const release of deps.releases()) {
    await announceRelease(release, deps.publishRetained);
    await nextTurn();
  }
}
