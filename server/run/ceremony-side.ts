import { findBlob } from '../blobs/blob-store.ts';
import type { EventOutcome } from '../ceremonies/event-outcome.ts';
import { finishWaiting } from '../ceremonies/finish-waiting-store.ts';
import { openEvent } from '../ceremonies/open-event-store.ts';
import type { ChangeGround } from '../ceremonies/publish-change-store.ts';
import { listEvents, readEvent, type EventGround } from '../ceremonies/read-event-store.ts';
import { signEvent } from '../ceremonies/sign-event-store.ts';
import { withdrawEvent } from '../ceremonies/withdraw-event-store.ts';
import { tryDirector } from '../director/try-director.ts';
import type { ApiDeps } from '../http/api-routes.ts';
import { blobDocuments } from '../releases/blob-documents.ts';
import { afterPublication } from './after-publication.ts';
import type { Announcements } from './announcements.ts';
import type { Ground } from './ground.ts';

/** How people change what they sign together. */
export function signingEventsApi(ground: Ground, tell: Announcements): ApiDeps['signingEvents'] {
  const { db, log } = ground;
  const told = async (outcome: EventOutcome): Promise<EventOutcome> => {
    if (outcome.kind !== 'event') return outcome;
    const { event, published } = outcome;
    log('signing_event_changed', { event: event.id, state: event.state });
    if (published === undefined) return outcome;
    await afterPublication(ground, tell, published.change, published.outcome);
    return outcome;
  };
  return {
    openEvent: async (wish, actor) => told(await openEvent(wish, eventGround(ground, actor))),
    listEvents: (page) => listEvents(db, page),
    readEvent: (id) => readEvent(db, id),
    signEvent: async (id, signatures, actor) =>
      told(await signEvent(id, signatures, eventGround(ground, actor))),
    withdrawEvent: async (id, { actor, isAdmin }) =>
      told(await withdrawEvent(id, isAdmin, eventGround(ground, actor))),
  };
}

/** Publishes what is complete and was left open, at a start. */
export async function finishWaitingNow(ground: Ground, tell: Announcements): Promise<void> {
  const { published, obstructed } = await finishWaiting(eventGround(ground, 'server'));
  for (const { event, why } of obstructed) ground.log('signing_event_obstructed', { event, why });
  for (const { change, outcome } of published) {
    await afterPublication(ground, tell, change, outcome);
  }
}

/** What a change of anything that authors sign rests on, at this moment. */
export function changeGround({ now, newId, ring, director }: Ground, actor: string): ChangeGround {
  return {
    actor,
    now: now(),
    newId,
    findSigner: ring.findSigner,
    online: ring.publicKeys(),
    tryDirector: (roots, at) => tryDirector(roots, at, ring.findSigner),
    expireBundles: director.expireAll,
    signAssignments: director.signAssignments,
    expireAssigned: director.expireAssigned,
  };
}

function eventGround(ground: Ground, actor: string): EventGround {
  const { db, blobs } = ground;
  const documents = blobDocuments(blobs, (sha256) => findBlob(db, sha256));
  return { db, ...changeGround(ground, actor), ...documents };
}
