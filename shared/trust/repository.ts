import type { Root } from '../metadata/root.ts';
import type { Snapshot } from '../metadata/snapshot.ts';
import type { Targets } from '../metadata/targets.ts';
import type { RepositoryFloors } from './floors.ts';
import type { Profile } from './profile.ts';
import { Refusal } from './refusal.ts';

/**
 * Where metadata comes from: HTTP, MQTT, a folder, memory. Answers the bytes of one file, or
 * undefined when the repository does not have it. It must stop reading at `maxBytes` and throw
 * `metadata_too_large`; {@link fetchWhole} checks again.
 */
export type FetchFile = (name: string, maxBytes: number) => Promise<Uint8Array | undefined>;

/**
 * The trusted files and floors of one repository, as a device keeps them. A file that is lost or
 * damaged is simply not there; floors must survive (they are kept twice).
 */
export interface MetadataStore {
  /** `root`, `timestamp`, `snapshot`, `targets` or the name of a delegated role. */
  readonly load: (role: string) => Promise<Uint8Array | undefined>;
  readonly save: (role: string, bytes: Uint8Array) => Promise<void>;
  readonly remove: (role: string) => Promise<void>;
  readonly loadFloors: () => Promise<RepositoryFloors>;
  readonly saveFloors: (floors: RepositoryFloors) => Promise<void>;
}

/** One of the two repositories, as one update sees it. */
export interface Repository {
  readonly name: 'image' | 'director';
  readonly fetch: FetchFile;
  readonly store: MetadataStore;
  /** The root that the device was provisioned with: the start of trust. */
  readonly firstRoot: Uint8Array;
  /** TUF 5.1: fixed once. */
  readonly startedAt: Date;
  /**
   * When somebody else asked for us, where nobody can be asked now: by that time the files that are
   * signed every day are judged, timestamp and snapshot. What people sign is judged by `startedAt`.
   */
  readonly askedAt?: Date | undefined;
  /** `sealift` unless it is somebody else's. */
  readonly profile?: Profile | undefined;
}

/** A repository after a whole refresh: everything in it is verified and fresh. */
export interface TrustedRepository {
  readonly root: Root;
  readonly snapshot: Snapshot;
  readonly targets: Targets;
}

/** A file that must exist, never longer than `maxBytes` whatever the transport did. */
export async function fetchWhole(
  fetch: FetchFile,
  name: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const bytes = await fetch(name, maxBytes);
  if (bytes === undefined) throw new Refusal('metadata_missing', `${name} is not there`);
  requireSize(name, bytes, maxBytes);
  return bytes;
}

/** TUF 5.3.3: no more bytes than a device will read. */
export function requireSize(name: string, bytes: Uint8Array, maxBytes: number): void {
  if (bytes.length > maxBytes) {
    throw new Refusal('metadata_too_large', `${name} is longer than ${maxBytes} bytes`);
  }
}
