import { findRelease, listReleases } from '../releases/release-store.ts';
import { listUnfinished } from '../rollouts/rollout-store.ts';
import type { Announcements } from './announcements.ts';
import { finishWaitingNow } from './ceremony-side.ts';
import type { FleetSide } from './fleet-side.ts';
import type { Ground } from './ground.ts';
import { noteExpiryNow, renewBundlesNow, renewImageNow } from './tasks.ts';

/** The broker forgets with the process; more releases than this are asked for over HTTP. */
const RETAINED_RELEASES = 200;

/**
 * What a server does when it comes back, while it already answers: sign what has grown old, retain what
 * the broker has forgotten, go on with rollouts that were cut off.
 */
export async function catchUp(
  ground: Ground,
  tell: Announcements,
  { carryOut }: Pick<FleetSide, 'carryOut'>,
): Promise<void> {
  const { db } = ground;
  await renewImageNow(ground, tell);
  await tell.timestamp();
  await finishWaitingNow(ground, tell);
  await noteExpiryNow(ground);
  for (const rollout of await listUnfinished(db)) await carryOut(rollout);
  for (const { product, version } of await listReleases(db, { limit: RETAINED_RELEASES })) {
    const found = await findRelease(db, product, version);
    if (found !== undefined) await tell.release(found.manifest);
  }
  await renewBundlesNow(ground, tell);
}
