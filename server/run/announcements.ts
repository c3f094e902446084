import { readFile } from 'node:fs/promises';
import { ManifestSchema } from '../../shared/release/manifest.ts';
import {
  deviceTopics,
  IMAGE_TIMESTAMP_TOPIC,
  releaseTopics,
} from '../../shared/protocol/topics.ts';
import type { LogEvent } from '../http/error-answer.ts';

/** What announcing needs of the broker and of what is stored. */
export interface AnnounceDeps {
  readonly publishRetained: (topic: string, bytes: Uint8Array) => Promise<void>;
  readonly isConnected: (deviceId: string) => boolean;
  readonly readBundle: (deviceId: string) => Promise<Uint8Array | undefined>;
  readonly readTimestamp: () => Promise<Uint8Array | undefined>;
  readonly blobPath: (sha256: string) => string;
  readonly log: LogEvent;
}

/** Tells those who listen over MQTT what has been stored. Nothing depends on it: they could also ask. */
export interface Announcements {
  readonly devices: (deviceIds: readonly string[]) => Promise<void>;
  readonly timestamp: () => Promise<void>;
  readonly release: (manifest: Uint8Array) => Promise<void>;
}

/** Larger SBOMs are fetched over HTTP: the broker keeps what is retained in memory. */
const RETAINED_SBOM_BYTES = 1_024 * 1_024;

/** Announcements through a broker. What fails is logged: the deed itself is on disk. */
export function announcements(deps: AnnounceDeps): Announcements {
  const orLogged = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (cause) {
      deps.log('announcement_failed', { what, error: String(cause) });
    }
  };
  return {
    devices: (deviceIds) => orLogged('assignments', () => tellDevices(deviceIds, deps)),
    timestamp: () =>
      orLogged('timestamp', async () => {
        const bytes = await deps.readTimestamp();
        if (bytes !== undefined) await deps.publishRetained(IMAGE_TIMESTAMP_TOPIC, bytes);
      }),
    release: (manifest) => orLogged('release', () => tellRelease(manifest, deps)),
  };
}

/** A device that is not connected is told when it comes: its assignment is retained, from disk. */
async function tellDevices(
  deviceIds: readonly string[],
  { isConnected, readBundle, publishRetained }: AnnounceDeps,
): Promise<void> {
  for (const deviceId of deviceIds) {
    const bytes = isConnected(deviceId) ? await readBundle(deviceId) : undefined;
    if (bytes !== undefined) await publishRetained(deviceTopics(deviceId).assignment, bytes);
  }
}

async function tellRelease(
  bytes: Uint8Array,
  { publishRetained, blobPath }: AnnounceDeps,
): Promise<void> {
  const manifest = ManifestSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  const topics = releaseTopics(manifest.product, manifest.version);
  await publishRetained(topics.manifest, bytes);
  const { sbom } = manifest;
  if (sbom === undefined || sbom.length > RETAINED_SBOM_BYTES) return;
  await publishRetained(topics.sbom, await readFile(blobPath(sbom.sha256)));
}
