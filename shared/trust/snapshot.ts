import { SnapshotSchema, type Snapshot } from '../metadata/snapshot.ts';
import type { Timestamp } from '../metadata/timestamp.ts';
import { requireFresh } from './expiry.ts';
import { floorOf, requireFloor, requireVersion } from './floors.ts';
import { SEALIFT_PROFILE } from './profile.ts';
import { requireNamedBytes, requireNamedVersion } from './named-by-parent.ts';
import { Refusal } from './refusal.ts';
import { openFile, readContent, requireThreshold, type VerifiedFile } from './signed-file.ts';
import type { Ground } from './timestamp.ts';

/** The snapshot to trust from now on (TUF 5.5), or a {@link Refusal}. */
export function acceptSnapshot(
  bytes: Uint8Array,
  timestamp: Timestamp,
  ground: Ground,
): VerifiedFile<Snapshot> {
  const named = timestamp.meta['snapshot.json'];
  requireNamedBytes('snapshot', bytes, named); // TUF 5.5.2
  const offered = openFile('snapshot', bytes);
  requireThreshold('snapshot', offered, ground.root.roles.snapshot, ground.root.keys); // TUF 5.5.3
  const snapshot = readContent('snapshot', offered, SnapshotSchema);
  const { version, meta } = snapshot.content;
  requireNamedVersion('snapshot', version, named); // TUF 5.5.4
  requireFloor(
    'snapshot',
    floorOf(snapshot),
    ground.floors.snapshot,
    ground.profile ?? SEALIFT_PROFILE,
  );
  // TUF 5.5.5: every role that was listed is still listed, and none is older.
  for (const [file, trusted] of ground.floors.listed) {
    const listed = meta.get(file);
    if (listed === undefined) throw new Refusal('role_removed', `snapshot lost ${file}`);
    requireVersion(file, listed.version, trusted);
  }
  requireFresh('snapshot', snapshot.content, ground.startedAt); // TUF 5.5.6
  return snapshot;
}
