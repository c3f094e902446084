import { nameOfFile, type EventSignature } from '../../shared/ceremony/event.ts';
import { appendAudit } from '../audit/audit-store.ts';
import type { Tx } from '../database/schema.ts';
import { offeredManifest } from '../releases/claimed-manifest.ts';
import { orObstructed, type EventOutcome, type EventRefusal } from './event-outcome.ts';
import { finishEvent } from './finish-event-store.ts';
import {
  documentsFault,
  eventNow,
  prospectsOf,
  subjectOf,
  type EventGround,
} from './read-event-store.ts';
import { signatureFault, type GivenSignature } from './signing-event.ts';
import { addSignatures, findEvent, type StoredEvent } from './signing-event-store.ts';

/**
 * Takes signatures for an open event, all of them or none, and publishes it with the last one that it
 * needs. Saying again what was said is fine, also after the end. Throws the refusal of a device.
 */
export async function signEvent(
  id: string,
  signatures: readonly EventSignature[],
  ground: EventGround,
): Promise<EventOutcome> {
  const before = await findEvent(ground.db, id);
  if (before === undefined) return unknownEvent(id);
  const manifests = before.state === 'open' ? before.manifests.map(offeredManifest) : [];
  const fault = await documentsFault(manifests, ground);
  if (fault !== undefined) return fault;
  return orObstructed(() =>
    ground.db.transaction().execute(async (tx) => {
      const refusal = await take(tx, id, signatures, ground);
      if (refusal !== undefined) return refusal;
      const published = await finishEvent(tx, id, ground);
      return { kind: 'event' as const, event: await eventNow(tx, id), published };
    }),
  );
}

/** There is no such event. */
export function unknownEvent(id: string): EventRefusal {
  return { kind: 'unknown_event', message: `there is no signing event ${id}` };
}

async function take(
  tx: Tx,
  id: string,
  signatures: readonly GivenSignature[],
  ground: EventGround,
): Promise<EventRefusal | undefined> {
  const event = await findEvent(tx, id);
  if (event === undefined) return unknownEvent(id);
  const added = signatures.filter((signature) => !isGiven(event, signature));
  if (event.state !== 'open') return added.length === 0 ? undefined : closed(event);
  const { needs, stale } = await prospectsOf(tx, event);
  if (stale) {
    const message = `another version of a file of "${event.title}" was published meanwhile; open it anew`;
    return { kind: 'event_stale', message };
  }
  const wrong = added.map((one) => signatureFault(event.files, needs, one)).find((one) => one);
  if (wrong !== undefined || added.length === 0) return wrong;
  await store(tx, id, added, ground);
  return undefined;
}

async function store(
  tx: Tx,
  id: string,
  added: readonly GivenSignature[],
  { now, actor }: EventGround,
): Promise<void> {
  const signed = { signedBy: actor, signedAt: now.toISOString() };
  await addSignatures(
    tx,
    id,
    added.map((signature) => ({ ...signature, ...signed })),
  );
  const signatures = added.map(({ repository, role, keyid }) => ({ repository, role, keyid }));
  const action = 'signing_event_signed';
  await appendAudit(tx, { at: now, actor, action, subject: subjectOf(id), after: { signatures } });
}

function isGiven({ signatures }: StoredEvent, { keyid, sig, ...name }: GivenSignature): boolean {
  return signatures.some(
    (given) => given.keyid === keyid && given.sig === sig && nameOfFile(given) === nameOfFile(name),
  );
}

/** An event that has ended takes no more. */
export function closed({ title, state }: StoredEvent): EventRefusal {
  return { kind: 'event_closed', message: `"${title}" is ${state}` };
}
