import { appendAudit } from '../audit/audit-store.ts';
import type { EventOutcome } from './event-outcome.ts';
import { eventNow, prospectsOf, subjectOf, type EventGround } from './read-event-store.ts';
import { closed, unknownEvent } from './sign-event-store.ts';
import { closeEvent, findEvent } from './signing-event-store.ts';

/** Ends an open event without publishing it: by who opened it, or by an admin. */
export async function withdrawEvent(
  id: string,
  isAdmin: boolean,
  { db, now, actor }: EventGround,
): Promise<EventOutcome> {
  return db.transaction().execute(async (tx): Promise<EventOutcome> => {
    const event = await findEvent(tx, id);
    if (event === undefined) return unknownEvent(id);
    if (event.openedBy !== actor && !isAdmin) {
      const message = `only ${event.openedBy} or an admin may withdraw "${event.title}"`;
      return { kind: 'not_allowed', message };
    }
    if (event.state !== 'open') return closed(event);
    const { needs } = await prospectsOf(tx, event);
    await closeEvent(tx, event, { state: 'withdrawn', at: now, needs });
    const subject = subjectOf(id);
    await appendAudit(tx, { at: now, actor, action: 'signing_event_withdrawn', subject });
    return { kind: 'event', event: await eventNow(tx, id), published: undefined };
  });
}
