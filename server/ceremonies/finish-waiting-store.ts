import { offeredManifest } from '../releases/claimed-manifest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { Obstructed, type Publication } from './event-outcome.ts';
import { finishEvent } from './finish-event-store.ts';
import { documentsFault, type EventGround } from './read-event-store.ts';
import { findEvent, listEventIds } from './signing-event-store.ts';

/** What came of the open events that were looked at. */
export interface Waiting {
  readonly published: readonly Publication[];
  /** Events that are complete and that something keeps from being published. */
  readonly obstructed: readonly { readonly event: string; readonly why: string }[];
}

/**
 * Publishes events that are complete and open: where another event lowered a threshold since they were
 * signed, no further signature may ever come.
 */
export async function finishWaiting(ground: EventGround): Promise<Waiting> {
  const published: Publication[] = [];
  const obstructed: { readonly event: string; readonly why: string }[] = [];
  for (const id of await listEventIds(ground.db, { state: 'open', limit: MOST })) {
    try {
      const publication = await finishOne(id, ground);
      if (publication !== undefined) published.push(publication);
    } catch (cause) {
      if (!(cause instanceof Obstructed || cause instanceof Refusal)) throw cause;
      obstructed.push({ event: id, why: cause.message });
    }
  }
  return { published, obstructed };
}

const MOST = 1_000;

async function finishOne(id: string, ground: EventGround): Promise<Publication | undefined> {
  const event = await findEvent(ground.db, id);
  const fault = await documentsFault((event?.manifests ?? []).map(offeredManifest), ground);
  if (fault !== undefined) throw new Obstructed(fault);
  return ground.db.transaction().execute((tx) => finishEvent(tx, id, ground));
}
