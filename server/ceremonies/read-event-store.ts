import type { EventSummary, SigningEvent } from '../../shared/ceremony/event.ts';
import type { Database, Tx } from '../database/schema.ts';
import { documentFault, type DocumentDeps } from '../releases/document-check.ts';
import type { OfferedManifest } from '../releases/claimed-manifest.ts';
import { newestFile } from '../repository/metadata-store.ts';
import type { Obstacle } from './change.ts';
import type { ChangeGround } from './publish-change-store.ts';
import { readStanding } from './standing-store.ts';
import { needsOf, type EventFile, type Needs } from './signing-event.ts';
import { detailsOf, summaryOf } from './event-view.ts';
import { findEvent, listEventIds, type StoredEvent } from './signing-event-store.ts';

/** What every move of a signing event rests on. */
export interface EventGround extends ChangeGround, DocumentDeps {
  readonly db: Database;
  readonly newId: () => string;
}

/** What an open event needs today, and whether another publication has overtaken it. */
export interface Prospects {
  readonly needs: Needs;
  readonly stale: boolean;
}

/** How an event stands against what is visible now. */
export async function prospectsOf(
  db: Database,
  { state, files }: { readonly state: StoredEvent['state']; readonly files: readonly EventFile[] },
): Promise<Prospects> {
  if (state !== 'open') return { needs: new Map(), stale: false };
  const standing = await readStanding(db);
  if (standing === undefined) throw new Error('bug: there is a signing event and no trust');
  for (const { repository, role, version } of files) {
    const current = (await newestFile(db, repository, role))?.version ?? 0;
    if (version !== current + 1) return { needs: needsOf(files, standing), stale: true };
  }
  return { needs: needsOf(files, standing), stale: false };
}

/** An event with its texts. */
export async function readEvent(db: Database, id: string): Promise<SigningEvent | undefined> {
  const event = await findEvent(db, id);
  if (event === undefined) return undefined;
  const { needs, stale } = await prospectsOf(db, event);
  return detailsOf(event, needs, stale);
}

/** The same, in the transaction that just changed it. */
export async function eventNow(tx: Tx, id: string): Promise<SigningEvent> {
  const event = await readEvent(tx, id);
  if (event === undefined) throw new Error(`bug: signing event ${id} is not there`);
  return event;
}

/** Events without their texts, newest first. */
export async function listEvents(
  db: Database,
  page: { readonly state?: SigningEvent['state'] | undefined; readonly limit: number },
): Promise<readonly EventSummary[]> {
  const events: EventSummary[] = [];
  for (const id of await listEventIds(db, page)) {
    const event = await findEvent(db, id, { texts: false });
    if (event === undefined) continue;
    const { needs, stale } = await prospectsOf(db, event);
    events.push(summaryOf(event, needs, stale));
  }
  return events;
}

/** The first fault in what belongs to the releases of an event: looked for outside of transactions. */
export async function documentsFault(
  manifests: readonly OfferedManifest[],
  deps: DocumentDeps,
): Promise<Obstacle | undefined> {
  for (const { manifest } of manifests) {
    const fault = await documentFault(manifest, deps);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** How an audit entry names an event. */
export function subjectOf(id: string): string {
  return `signing-event:${id}`;
}
