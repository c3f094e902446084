import { appendAudit } from '../audit/audit-store.ts';
import type { Change, Published } from '../ceremonies/change.ts';
import type { Aftermath } from '../ceremonies/role-effects-store.ts';
import { carryOut } from '../rollouts/carry-out.ts';
import type { Move } from '../rollouts/start-move.ts';
import type { Announcements } from './announcements.ts';
import type { Ground } from './ground.ts';
import { renewBundlesNow } from './tasks.ts';

/**
 * Tells everybody who waits for it what has become visible. All of it is on disk: what is cut off here
 * happens at the next start.
 */
export async function afterPublication(
  ground: Ground,
  tell: Announcements,
  change: Pick<Change, 'directorRoot'> & { readonly manifests: readonly Sent[] },
  { releases, isRetold, moves = [] }: Pick<Published, 'releases'> & Partial<Aftermath>,
): Promise<void> {
  const { log } = ground;
  await imageChanged(ground, tell);
  for (const { product, version, manifestSha256 } of releases) {
    log('release_published', { product, version, manifestSha256 });
  }
  for (const { bytes } of change.manifests) await tell.release(bytes);
  for (const move of moves) await goOn(ground, tell, move);
  if (change.directorRoot !== undefined || isRetold === true) signAllAgain(ground, tell);
}

/** Devices are moved off what was recalled: batch by batch, like any rollout. */
async function goOn(ground: Ground, tell: Announcements, move: Move): Promise<void> {
  const { db, now, log, director } = ground;
  const { signAssignments } = director;
  await tell.devices(move.told);
  const deps = { db, now, signAssignments, appendAudit, announce: tell.devices };
  carryOut(move.rollout, deps).catch((cause: unknown) => {
    log('rollout_step_failed', { error: String(cause) });
  });
}

interface Sent {
  readonly bytes: Uint8Array;
}

/** After any change of the image repository: its timestamp is the one file that changes in place. */
export async function imageChanged({ imageFiles }: Ground, tell: Announcements): Promise<void> {
  imageFiles.forgetNewest();
  await tell.timestamp();
}

/** A fleet takes a while: nobody waits for it, and a device that asks meanwhile is signed for at once. */
export function signAllAgain(ground: Ground, tell: Announcements): void {
  renewBundlesNow(ground, tell).catch((cause: unknown) => {
    ground.log('bundle_renewal_failed', { error: String(cause) });
  });
}
