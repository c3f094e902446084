import type { Database } from '../database/schema.ts';
import type { Sighting } from './sightings.ts';

/** Writes what was seen of many devices in one transaction. A device nobody knows changes nothing. */
export async function saveSightings(
  db: Database,
  sightings: ReadonlyMap<string, Sighting>,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const [id, { presence, seenAt }] of sightings) {
      await tx
        .updateTable('devices')
        .set({ last_seen_at: seenAt.toISOString(), ...(presence && { presence }) })
        .where('id', '=', id)
        .execute();
    }
  });
}

/** When the server starts nobody is connected, whatever it believed when it stopped. */
export async function forgetPresence(db: Database): Promise<void> {
  await db
    .updateTable('devices')
    .set({ presence: 'offline' })
    .where('presence', '=', 'online')
    .execute();
}
