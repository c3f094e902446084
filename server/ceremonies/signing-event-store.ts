import { sql } from 'kysely';
import { nameOfFile, type SigningEvent } from '../../shared/ceremony/event.ts';
import type { Requirement } from '../../shared/ceremony/requirements.ts';
import type {
  Database,
  SigningEventFileRow,
  SigningEventRow,
  SigningEventSignatureRow,
  Tx,
} from '../database/schema.ts';
import type { AddedProduct } from './change.ts';
import type { OfferedEvent } from './offered-event.ts';
import type { EventFile, GivenSignature, Needs } from './signing-event.ts';

/** A signing event as it is stored. */
export interface StoredEvent {
  readonly id: string;
  readonly title: string;
  readonly state: SigningEvent['state'];
  readonly openedBy: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly files: readonly StoredFile[];
  readonly signatures: readonly StoredSignature[];
  readonly manifests: readonly string[];
  readonly products: readonly AddedProduct[];
}

export interface StoredFile extends EventFile {
  /** Who had to sign when the event ended. */
  readonly frozen: readonly FrozenRequirement[] | undefined;
}

export interface StoredSignature extends GivenSignature {
  readonly signedBy: string;
  readonly signedAt: string;
}

/** A requirement as it was when the event ended. */
export interface FrozenRequirement {
  readonly by: string;
  readonly threshold: number;
  readonly keyids: readonly string[];
}

/** Adds an open event without signatures. */
export async function addEvent(
  tx: Tx,
  { title, files, manifests, products }: OfferedEvent,
  head: { readonly id: string; readonly actor: string; readonly now: Date },
): Promise<void> {
  const { id, actor, now } = head;
  const row: SigningEventRow = {
    id,
    title,
    state: 'open',
    opened_by: actor,
    opened_at: now.toISOString(),
    closed_at: null,
    products: JSON.stringify(products),
  };
  await tx.insertInto('signing_events').values(row).execute();
  for (const { expires, signed, ...file } of files) {
    const rest = { expires_at: expires.toISOString(), signed: Buffer.from(signed) };
    const fileRow = { event: id, ...file, ...rest, requirements: null };
    await tx.insertInto('signing_event_files').values(fileRow).execute();
  }
  for (const [position, { bytes }] of manifests.entries()) {
    const manifest = Buffer.from(bytes);
    await tx
      .insertInto('signing_event_manifests')
      .values({ event: id, position, manifest })
      .execute();
  }
}

/**
 * An event by its id. Without `texts` only what says who must sign is read: a product's role may have
 * megabytes.
 */
export async function findEvent(
  db: Database,
  id: string,
  { texts }: { readonly texts: boolean } = { texts: true },
): Promise<StoredEvent | undefined> {
  const row = await db
    .selectFrom('signing_events')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const files = await db
    .selectFrom('signing_event_files')
    .select(['event', 'repository', 'role', 'version', 'expires_at', 'requirements'])
    .select(texts ? sql<Buffer>`signed`.as('signed') : RULES_ONLY)
    .where('event', '=', id)
    .orderBy('repository', 'desc')
    .orderBy('role')
    .execute();
  const signatures = await db
    .selectFrom('signing_event_signatures')
    .selectAll()
    .where('event', '=', id)
    .orderBy('signed_at')
    .orderBy('keyid')
    .execute();
  const manifests = await db
    .selectFrom('signing_event_manifests')
    .select('manifest')
    .where('event', '=', id)
    .orderBy('position')
    .execute();
  return {
    ...headOf(row),
    files: files.map(fileOf),
    signatures: signatures.map(signatureOf),
    manifests: manifests.map(({ manifest }) => manifest.toString('utf8')),
    products: JSON.parse(row.products) as AddedProduct[],
  };
}

const RULES_ONLY = sql<Buffer>`case when role in ('root', 'targets') then signed else x'' end`.as(
  'signed',
);

/** Ids of events, newest first. */
export async function listEventIds(
  db: Database,
  { state, limit }: { readonly state?: SigningEvent['state'] | undefined; readonly limit: number },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('signing_events')
    .select('id')
    .$if(state !== undefined, (query) => query.where('state', '=', state ?? 'open'))
    .orderBy('opened_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** Adds signatures that were checked. Those that are there already stay as they are. */
export async function addSignatures(
  tx: Tx,
  event: string,
  signatures: readonly StoredSignature[],
): Promise<void> {
  for (const { signedBy, signedAt, ...signature } of signatures) {
    await tx
      .insertInto('signing_event_signatures')
      .values({ event, ...signature, signed_by: signedBy, signed_at: signedAt })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Ends an event, and keeps who had to sign: what stands later says something else. */
export async function closeEvent(
  tx: Tx,
  { id, files }: Pick<StoredEvent, 'id' | 'files'>,
  end: { readonly state: 'published' | 'withdrawn'; readonly at: Date; readonly needs: Needs },
): Promise<void> {
  const { state, at, needs } = end;
  for (const file of files) {
    const requirements = frozenOf(needs.get(nameOfFile(file)) ?? []);
    await tx
      .updateTable('signing_event_files')
      .set({ requirements: JSON.stringify(requirements) })
      .where('event', '=', id)
      .where('repository', '=', file.repository)
      .where('role', '=', file.role)
      .execute();
  }
  const closed = { state, closed_at: at.toISOString() };
  await tx.updateTable('signing_events').set(closed).where('id', '=', id).execute();
}

/** What is kept of requirements: the keys themselves are in the files. */
export function frozenOf(requirements: readonly Requirement[]): readonly FrozenRequirement[] {
  return requirements.map(({ by, threshold, keys }) => ({
    by,
    threshold,
    keyids: [...keys.keys()],
  }));
}

function headOf(
  row: SigningEventRow,
): Omit<StoredEvent, 'files' | 'signatures' | 'manifests' | 'products'> {
  return {
    id: row.id,
    title: row.title,
    state: row.state,
    openedBy: row.opened_by,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
  };
}

function fileOf(row: SigningEventFileRow): StoredFile {
  const { repository, role, version, requirements } = row;
  return {
    ...{ repository, role, version },
    expires: new Date(row.expires_at),
    signed: row.signed,
    frozen: requirements === null ? undefined : (JSON.parse(requirements) as FrozenRequirement[]),
  };
}

function signatureOf(row: SigningEventSignatureRow): StoredSignature {
  const { repository, role, keyid, sig } = row;
  return { repository, role, keyid, sig, signedBy: row.signed_by, signedAt: row.signed_at };
}
