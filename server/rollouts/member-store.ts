import type { Tx } from '../database/schema.ts';
import type { Standing } from './assignment-store.ts';
import { ACTIVE_STATES } from './counters.ts';
import { LIVE_STATES } from './rollout.ts';

/** Where a device is still waited for: in the live rollout of its product, or in the one it is in. */
export async function listStanding(
  tx: Tx,
  device: string,
  product: string,
): Promise<readonly Standing[]> {
  return tx
    .selectFrom('rollouts')
    .innerJoin('assignments', 'assignments.rollout', 'rollouts.id')
    .innerJoin('devices', 'devices.id', 'assignments.device')
    .select(['assignments.rollout', 'assignments.device', 'assignments.phase', 'assignments.state'])
    .where('assignments.device', '=', device)
    .where('assignments.state', 'in', ['waiting', ...ACTIVE_STATES])
    .where('rollouts.product', '=', product)
    .where((where) =>
      where.or([
        where('rollouts.state', 'in', LIVE_STATES),
        where('rollouts.id', '=', where.ref('devices.rollout')),
      ]),
    )
    .execute();
}

/** Nothing is asked of the device any more. */
export async function releaseDevice(tx: Tx, device: string): Promise<void> {
  await tx
    .updateTable('devices')
    .set({ desired_manifest_sha256: null, rollout: null })
    .where('id', '=', device)
    .execute();
}
