import { eventFileBytes, packEvent, parseSignatureFile } from '../author/ceremony/event-file.ts';
import { withSignatures } from '../author/ceremony/sign-event.ts';
import { Failure } from '../failure.ts';
import { writeDurably } from '../workspace/durable-file.ts';
import { readNamed } from '../workspace/read-file.ts';
import { inspectLoaded, loadFromServer } from './event-load.ts';
import { answer, submit } from './event-sign.ts';
import type { Session } from './session.ts';

const MAX_FILE_BYTES = 1_024 * 1_024;

/** Writes an event with all that a machine without network needs to judge and sign it. */
export async function exportEvent(session: Session, id: string, path: string): Promise<void> {
  const loaded = await loadFromServer(session, id);
  const inspected = await inspectLoaded(session, loaded);
  const { event, standing, source } = loaded;
  const { workspace, world } = session;
  const file = await packEvent(event, standing, { workspace, source, now: world.now() });
  await writeDurably(path, eventFileBytes(file));
  const { fingerprint } = inspected;
  session.show(
    { event: id, fingerprint, out: path },
    `Event ${id} is in ${path}, fingerprint ${fingerprint}.\nWhere the key is: sealift event sign --file ${path} --out signatures.json`,
  );
}

/** Submits what was signed without network, if the event still is what was signed. */
export async function importSignatures(session: Session, path: string): Promise<void> {
  const file = parseSignatureFile(await readNamed(path, MAX_FILE_BYTES));
  if (file === undefined) {
    throw new Failure('event_malformed', `${path} is not a file of signatures`);
  }
  const loaded = await loadFromServer(session, file.event);
  const inspected = await inspectLoaded(session, loaded);
  if (inspected.fingerprint !== file.fingerprint) {
    throw new Failure(
      'event_changed',
      `${path} signs another content than event ${file.event} has`,
    );
  }
  const { api, standing } = loaded;
  if (api === undefined) throw new Error('bug: an event of the server without its API');
  const event = await submit({ session, api, standing }, inspected, file.signatures);
  await answer(session, event, withSignatures(inspected, file.signatures));
}
