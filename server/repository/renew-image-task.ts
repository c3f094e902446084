import { appendAudit } from '../audit/audit-store.ts';
import type { Database } from '../database/schema.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { renewSnapshot, renewTimestamp } from './image-publish-store.ts';
import { newestFile } from './metadata-store.ts';
import { SNAPSHOT_LIFE, TIMESTAMP_LIFE, type SignedFile } from './online-files.ts';

/** What was signed again: nothing, the timestamp, or snapshot and timestamp. */
export type Renewed = 'nothing' | 'timestamp' | 'snapshot';

/**
 * Signs timestamp and snapshot again once half their life is over, so that a day of trouble with the
 * task makes nothing expire. Run it more often than half the life of a timestamp.
 */
export async function renewImage(
  db: Database,
  now: Date,
  findSigner: FindSigner,
): Promise<Renewed> {
  return db.transaction().execute(async (tx) => {
    const snapshot = await newestFile(tx, 'image', 'snapshot');
    const timestamp = await newestFile(tx, 'image', 'timestamp');
    if (snapshot === undefined || timestamp === undefined) return 'nothing';
    if (isHalfOver(snapshot, SNAPSHOT_LIFE, now)) {
      await renewSnapshot(tx, now, findSigner);
    } else if (isHalfOver(timestamp, TIMESTAMP_LIFE, now)) {
      await renewTimestamp(tx, now, findSigner);
      return 'timestamp'; // twice a day for ever: not worth an entry in the audit trail
    } else {
      return 'nothing';
    }
    const subject = `image:snapshot v${snapshot.version + 1}`;
    await appendAudit(tx, { at: now, actor: 'server', action: 'image_renewed', subject });
    return 'snapshot';
  });
}

function isHalfOver({ expires }: SignedFile, life: number, now: Date): boolean {
  return expires.getTime() - now.getTime() <= life / 2;
}
