import type { Tx } from '../database/schema.ts';

/**
 * The highest version of a word that was signed to be carried to each of these devices: the next one,
 * whichever way it goes, is above it.
 */
export async function lastCarried(
  tx: Tx,
  deviceIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx
    .selectFrom('offline_words')
    .select(({ fn }) => ['device', fn.max('version').as('version')])
    .where('device', 'in', deviceIds)
    .groupBy('device')
    .execute();
  return new Map(rows.map(({ device, version }) => [device, version]));
}

/** Whether a word for this release was ever signed to be carried to this device. */
export async function wasCarried(tx: Tx, device: string, manifestSha256: string): Promise<boolean> {
  const row = await tx
    .selectFrom('offline_words')
    .select('version')
    .where('device', '=', device)
    .where('manifest_sha256', '=', manifestSha256)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
