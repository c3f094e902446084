import { nameOfFile, type OpenEvent } from '../../shared/ceremony/event.ts';
import { appendAudit } from '../audit/audit-store.ts';
import type { Database, Tx } from '../database/schema.ts';
import { obstacleTo } from './change-rules-store.ts';
import { orObstructed, type EventOutcome, type EventRefusal } from './event-outcome.ts';
import { finishEvent } from './finish-event-store.ts';
import { foreseeRefusal } from './foresee-store.ts';
import { offeredEvent, type OfferedEvent } from './offered-event.ts';
import {
  documentsFault,
  eventNow,
  prospectsOf,
  subjectOf,
  type EventGround,
} from './read-event-store.ts';
import { changeOf, needsOf, signatureFault, type EventFile } from './signing-event.ts';
import { addEvent, addSignatures, findEvent, listEventIds } from './signing-event-store.ts';
import { readStanding } from './standing-store.ts';

/**
 * Opens a signing event, and publishes it at once if it came with all its signatures. Whatever devices
 * or our rules would refuse of it is refused now, before anybody signs; throws a device's refusal.
 */
export async function openEvent(wish: OpenEvent, ground: EventGround): Promise<EventOutcome> {
  const offered = offeredEvent(wish);
  const fault = await documentsFault(offered.manifests, ground);
  if (fault !== undefined) return fault;
  return orObstructed(() => ground.db.transaction().execute((tx) => openIn(tx, offered, ground)));
}

async function openIn(tx: Tx, offered: OfferedEvent, ground: EventGround): Promise<EventOutcome> {
  const overlap = await overlapOf(tx, offered.files);
  if (overlap !== undefined) return overlap;
  const { files, signatures } = offered;
  const change = changeOf(files, [], offered);
  const obstacle = await obstacleTo(tx, change, ground);
  const standing = await readStanding(tx);
  if (obstacle !== undefined) return obstacle;
  if (standing === undefined) throw new Error('bug: no trust, and nobody minded');
  const needs = needsOf(files, standing);
  await foreseeRefusal(tx, { files, needs, change, now: ground.now });
  const wrong = signatures.map((one) => signatureFault(files, needs, one)).find((one) => one);
  if (wrong !== undefined) return wrong;
  return store(tx, offered, ground);
}

async function store(tx: Tx, offered: OfferedEvent, ground: EventGround): Promise<EventOutcome> {
  const { now, actor } = ground;
  const id = ground.newId();
  await addEvent(tx, offered, { id, actor, now });
  const signed = { signedBy: actor, signedAt: now.toISOString() };
  await addSignatures(
    tx,
    id,
    offered.signatures.map((signature) => ({ ...signature, ...signed })),
  );
  const files = offered.files.map(({ repository, role, version }) => ({
    repository,
    role,
    version,
  }));
  const signatures = offered.signatures.map(({ repository, role, keyid }) => ({
    ...{ repository, role, keyid },
  }));
  const after = { title: offered.title, files, signatures };
  const action = 'signing_event_opened';
  await appendAudit(tx, { at: now, actor, action, subject: subjectOf(id), after });
  const published = await finishEvent(tx, id, ground);
  return { kind: 'event', event: await eventNow(tx, id), published };
}

/** Two open events that change one file could not both be published: the second would be signed in vain. */
async function overlapOf(
  db: Database,
  files: readonly EventFile[],
): Promise<EventRefusal | undefined> {
  const wanted = new Set(files.map(nameOfFile));
  for (const id of await listEventIds(db, { state: 'open', limit: Number.MAX_SAFE_INTEGER })) {
    const event = await findEvent(db, id, { texts: false });
    const shared = event?.files.find((file) => wanted.has(nameOfFile(file)));
    if (event === undefined || shared === undefined) continue;
    if ((await prospectsOf(db, event)).stale) continue; // can never be published: in nobody's way
    const message = `"${event.title}" (${id}, by ${event.openedBy}) is open and changes ${nameOfFile(shared)}`;
    return { kind: 'event_overlaps', message };
  }
  return undefined;
}
