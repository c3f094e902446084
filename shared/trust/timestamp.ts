import { TimestampSchema, type Timestamp } from '../metadata/timestamp.ts';
import { requireFresh } from './expiry.ts';
import { floorOf, requireFloor, requireVersion, type RepositoryFloors } from './floors.ts';
import { SEALIFT_PROFILE, type Profile } from './profile.ts';
import { openFile, readContent, requireThreshold, type VerifiedFile } from './signed-file.ts';
import type { Root } from '../metadata/root.ts';

/** What a check may rest on: the trusted root, what was seen before, when the update started. */
export interface Ground {
  readonly root: Root;
  readonly floors: RepositoryFloors;
  readonly startedAt: Date;
  readonly profile?: Profile | undefined;
}

/**
 * The timestamp to trust from now on (TUF 5.4), or a {@link Refusal}.
 *
 * `trusted` is our verified copy, if we still have it. An expired one counts against rollback all
 * the same: expiry ends what it may introduce, not what it has proved.
 */
export function acceptTimestamp(
  bytes: Uint8Array,
  trusted: VerifiedFile<Timestamp> | undefined,
  ground: Ground,
): VerifiedFile<Timestamp> {
  const offered = verifyTimestamp(bytes, ground.root); // TUF 5.4.2
  const { version, meta } = offered.content;
  requireVersion('timestamp', version, ground.floors.timestamp?.version); // TUF 5.4.3.1
  requireVersion(
    'snapshot',
    meta['snapshot.json'].version,
    ground.floors.snapshot?.version, // TUF 5.4.3.2
  );
  // TUF 5.4.3.1: the same version again is normal, and ours stays: theirs may differ in content.
  const accepted = trusted?.content.version === version ? trusted : offered;
  requireFloor(
    'timestamp',
    floorOf(accepted),
    ground.floors.timestamp,
    ground.profile ?? SEALIFT_PROFILE,
  );
  requireFresh('timestamp', accepted.content, ground.startedAt); // TUF 5.4.4
  return accepted;
}

/** A timestamp signed by the root's timestamp keys (TUF 5.4.2); nothing else about it is checked. */
export function verifyTimestamp(bytes: Uint8Array, root: Root): VerifiedFile<Timestamp> {
  const offered = openFile('timestamp', bytes);
  requireThreshold('timestamp', offered, root.roles.timestamp, root.keys);
  return readContent('timestamp', offered, TimestampSchema);
}
