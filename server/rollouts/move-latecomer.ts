import type { Tx } from '../database/schema.ts';
import { addToCounters } from './assignment-store.ts';
import { findRecalledRunning, hasMove } from './move-store.ts';
import { insertWaiting, isFitting } from './plan-store.ts';
import { findLiveRollout } from './rollout-store.ts';
import { startMove, type Move, type Mover } from './start-move.ts';

const ONE_MEMBER = { members: 1, offered: 0, proven: 0, failed: 0 };

/**
 * A device says that it runs a release which was recalled while nobody heard of it: it was away, or in
 * its trial. It joins the rollout that moves the others, or one begins with it; once, whatever comes of
 * it. Answers the rollout, which is to be stepped.
 */
export async function moveLatecomer(
  tx: Tx,
  device: string,
  manifestSha256: string,
  mover: Mover,
): Promise<Move | undefined> {
  const recalled = await findRecalledRunning(tx, manifestSha256);
  if (recalled?.moveTo === undefined) return undefined;
  if (await hasMove(tx, device, manifestSha256)) return undefined;
  const live = await findLiveRollout(tx, recalled.product);
  if (live === undefined) return startMove(tx, manifestSha256, mover);
  if (live.onlyRunning !== manifestSha256) return undefined;
  if (!(await isFitting(tx, device, live))) return undefined;
  const member = { device, phase: 0 };
  await insertWaiting(tx, live.id, [member], mover.deps.now().toISOString());
  await addToCounters(tx, { rollout: live.id, phase: 0 }, ONE_MEMBER);
  return { rollout: live.id, told: [] };
}
