import { appendAudit } from '../audit/audit-store.ts';
import type { Tx } from '../database/schema.ts';
import { offeredManifest } from '../releases/claimed-manifest.ts';
import { Obstructed, type Publication } from './event-outcome.ts';
import { publishChange } from './publish-change-store.ts';
import { prospectsOf, subjectOf, type EventGround } from './read-event-store.ts';
import { changeOf, isComplete } from './signing-event.ts';
import { closeEvent, findEvent } from './signing-event-store.ts';

/**
 * Publishes an open event if every file of it has its signatures, in the transaction that may have
 * brought the last: an event is never complete and unpublished but for a rule that changed under it.
 * Throws a device's refusal, or {@link Obstructed}: then that last signature is not kept either.
 */
export async function finishEvent(
  tx: Tx,
  id: string,
  ground: EventGround,
): Promise<Publication | undefined> {
  const event = await findEvent(tx, id);
  if (event?.state !== 'open') return undefined;
  const { needs, stale } = await prospectsOf(tx, event);
  if (stale || !isComplete(needs, event.signatures)) return undefined;
  const change = changeOf(event.files, event.signatures, {
    manifests: event.manifests.map(offeredManifest),
    products: event.products,
  });
  const outcome = await publishChange(tx, change, ground);
  if (outcome.kind !== 'published') throw new Obstructed(outcome);
  const { now, actor } = ground;
  await closeEvent(tx, event, { state: 'published', at: now, needs });
  const files = event.files.map(({ repository, role, version }) => ({ repository, role, version }));
  const after = { title: event.title, files };
  const action = 'signing_event_published';
  await appendAudit(tx, { at: now, actor, action, subject: subjectOf(id), after });
  return { change, outcome };
}
