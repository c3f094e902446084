import { renewBundles } from '../director/renew-bundles-task.ts';
import { saveSightings } from '../devices/sightings-store.ts';
import { startSightings } from '../devices/sightings-task.ts';
import { noteExpiry } from '../repository/expiry-store.ts';
import { renewImage } from '../repository/renew-image-task.ts';
import type { Announcements } from './announcements.ts';
import { every, type Running } from './every.ts';
import type { Ground } from './ground.ts';

const MINUTE = 60_000;
/** Far more often than half a life of what they renew, so that one failed run does not matter. */
const RENEW_EVERY = 10 * MINUTE;

/** What the server does by itself, until it is stopped. */
export function startTasks(ground: Ground, tell: Announcements): Running {
  const { db, sightings, log } = ground;
  const failed = (task: string) => (cause: unknown) => {
    log(`${task}_failed`, { error: String(cause) });
  };
  const running = [
    every(RENEW_EVERY, () => renewImageNow(ground, tell), failed('image_renewal')),
    every(RENEW_EVERY, () => renewBundlesNow(ground, tell), failed('bundle_renewal')),
    every(RENEW_EVERY, () => noteExpiryNow(ground), failed('expiry_note')),
    startSightings({
      sightings,
      save: (seen) => saveSightings(db, seen),
      failed: failed('sightings'),
    }),
  ];
  return {
    stop: async () => {
      await Promise.all(running.map(({ stop }) => stop()));
    },
  };
}

/** Signs snapshot and timestamp again if it is time. */
export async function renewImageNow(
  { db, now, ring, imageFiles, log }: Ground,
  tell: Announcements,
): Promise<void> {
  const renewed = await renewImage(db, now(), ring.findSigner);
  if (renewed === 'nothing') return;
  imageFiles.forgetNewest();
  log('image_renewed', { renewed });
  await tell.timestamp();
}

/** Says which files people must sign again soon; each once a level. */
export async function noteExpiryNow({ db, now, log }: Ground): Promise<void> {
  for (const file of await noteExpiry(db, now())) log('metadata_expires_soon', file);
}

/** Signs the bundles of devices again whose time has come. */
export async function renewBundlesNow(
  { director, log }: Ground,
  tell: Announcements,
): Promise<void> {
  const count = await renewBundles({ renewSome: director.renewSome, announce: tell.devices });
  if (count > 0) log('bundles_renewed', { count });
}
