import type { Tx } from '../database/schema.ts';

/** A recalled release, and the version that its devices shall go to. */
export interface RecalledRunning {
  readonly product: string;
  readonly version: string;
  readonly moveTo: string | undefined;
}

/** The release of this manifest, if it is recalled: one read by key. */
export async function findRecalledRunning(
  tx: Tx,
  manifestSha256: string,
): Promise<RecalledRunning | undefined> {
  const row = await tx
    .selectFrom('releases')
    .select(['product', 'version', 'move_to'])
    .where('manifest_sha256', '=', manifestSha256)
    .where('state', '=', 'recalled')
    .executeTakeFirst();
  return row && { product: row.product, version: row.version, moveTo: row.move_to ?? undefined };
}

/** Whether some rollout has moved this device off the release before, or is about to. */
export async function hasMove(tx: Tx, device: string, manifestSha256: string): Promise<boolean> {
  const row = await tx
    .selectFrom('rollouts')
    .innerJoin('assignments', 'assignments.rollout', 'rollouts.id')
    .select('rollouts.id')
    .where('rollouts.only_running', '=', manifestSha256)
    .where('assignments.device', '=', device)
    .executeTakeFirst();
  return row !== undefined;
}
