import type { SigningEvent } from '../../shared/ceremony/event.ts';
import { parseEventFile, sourceOf } from '../author/ceremony/event-file.ts';
import { inspectEvent, type InspectedEvent } from '../author/ceremony/inspect-event.ts';
import type { Standing } from '../author/ceremony/standing.ts';
import { verifyStanding, type StandingSource } from '../author/ceremony/verify-standing.ts';
import { Failure } from '../failure.ts';
import type { Api } from '../operate/api.ts';
import { readNamed } from '../workspace/read-file.ts';
import { requireUnchanged } from '../workspace/seen-events.ts';
import { connect, type Session } from './session.ts';
import { verifyServer } from './standing.ts';

/** An event and what it is to be judged by. */
export interface LoadedEvent {
  readonly event: SigningEvent;
  readonly standing: Standing;
  readonly source: StandingSource;
  /** Undefined for an event that came in a file. */
  readonly api: Api | undefined;
}

const MAX_FILE_BYTES = 64 * 1_024 * 1_024;

/** From the server, with a fresh look at both repositories. */
export async function loadFromServer(session: Session, id: string): Promise<LoadedEvent> {
  const { api, source, standing } = await verifyServer(session);
  const event = await api.event(id);
  if (event.id !== id) {
    throw new Failure('event_misleading', `the server answered event ${event.id}, not ${id}`);
  }
  return { event, standing, source, api };
}

/** From an exported file: what stands is verified from the file too, against this workspace's floors. */
export async function loadFromFile(session: Session, path: string): Promise<LoadedEvent> {
  const file = parseEventFile(await readNamed(path, MAX_FILE_BYTES));
  if (file === undefined) {
    throw new Failure('event_malformed', `${path} is not an exported event`);
  }
  const source = sourceOf(file);
  const standing = await verifyStanding(session.workspace, source);
  session.progress(`event and metadata as of ${file.exportedAt}, from ${path}`);
  return { event: file.event, standing, source, api: undefined };
}

/** What an open event changes, found here; and the same as when it was looked at here before. */
export async function inspectLoaded(
  session: Session,
  { event, standing }: LoadedEvent,
): Promise<InspectedEvent> {
  requireOpen(event);
  const inspected = inspectEvent(event, standing, session.world.now());
  await requireUnchanged(session.workspace.seenEventsFile, inspected);
  return inspected;
}

/** An event without a look at its content: for those that are closed. */
export async function fetchEvent(session: Session, id: string): Promise<SigningEvent> {
  return (await connect(session)).api.event(id);
}

function requireOpen({ id, state }: SigningEvent): void {
  if (state !== 'open') throw new Failure('event_closed', `event ${id} is ${state}`);
}
