import type { EventSignature, SigningEvent } from '../../shared/ceremony/event.ts';
import { eventFileBytes } from '../author/ceremony/event-file.ts';
import { inspectEvent, type InspectedEvent } from '../author/ceremony/inspect-event.ts';
import { signEvent, withSignatures } from '../author/ceremony/sign-event.ts';
import type { Standing } from '../author/ceremony/standing.ts';
import { listHeldKeys } from '../author/held-key-folder.ts';
import { Failure } from '../failure.ts';
import type { Api } from '../operate/api.ts';
import { writeDurably } from '../workspace/durable-file.ts';
import { requireConsent, type ConsentOptions } from './consent.ts';
import { inspectLoaded, loadFromFile, loadFromServer } from './event-load.ts';
import { dangersOf, differenceText, headText, inspectionJson, missingText } from './event-view.ts';
import { keyOpening } from './key-opening.ts';
import type { CommonOptions, Session } from './session.ts';
import { verifyServer } from './standing.ts';

export interface SignOptions extends CommonOptions, ConsentOptions {
  readonly file?: string;
  readonly out?: string;
  readonly key?: string;
}

/** Shows what an event changes, and signs exactly that: to the server, or into a file. */
export async function signOpenEvent(
  session: Session,
  id: string | undefined,
  options: SignOptions,
): Promise<void> {
  const fromFile = options.file !== undefined;
  if (fromFile === (id !== undefined) || fromFile !== (options.out !== undefined)) {
    throw new Failure('wrong_usage', 'name an event, or --file FILE with --out FILE');
  }
  const loaded =
    options.file === undefined
      ? await loadFromServer(session, id ?? '')
      : await loadFromFile(session, options.file);
  const inspected = await inspectLoaded(session, loaded);
  session.progress(`${headText(loaded.event)}\n\n${differenceText(inspected)}\n`);
  const signatures = await consentAndSign(session, inspected, options);
  if (loaded.api === undefined) {
    await writeSignatures(session, inspected, signatures, options.out ?? '');
  } else {
    const { api, standing } = loaded;
    const event = await submit({ session, api, standing }, inspected, signatures);
    await answer(session, event, withSignatures(inspected, signatures));
  }
}

/** Hands signatures over; the event must still be what was signed. */
export async function submit(
  { session, api, standing }: { session: Session; api: Api; standing: Standing },
  signed: Pick<InspectedEvent, 'id' | 'fingerprint'>,
  signatures: readonly EventSignature[],
): Promise<SigningEvent> {
  const event = await api.signEvent(signed.id, signatures);
  if (event.state === 'open') {
    const after = inspectEvent(event, standing, session.world.now());
    if (after.fingerprint !== signed.fingerprint) {
      throw new Failure('event_changed', `event ${signed.id} is no longer what was signed`);
    }
  }
  return event;
}

/** Where an event stands after this machine has done its part. */
export async function answer(
  session: Session,
  event: SigningEvent,
  inspected: Omit<InspectedEvent, 'id' | 'title'>,
): Promise<void> {
  // What was published is verified as devices will see it, and kept: from now on nothing older passes.
  if (event.state === 'published') await verifyServer(session);
  const { id, title, state } = event;
  const text =
    state === 'published'
      ? `${headText(event)}\nEvery signature is there: it is published.`
      : `${headText(event)}\n${missingText(inspected)}\nThey sign with: sealift event sign ${id}`;
  session.show({ event: id, title, state, ...inspectionJson(inspected) }, text);
}

async function consentAndSign(
  session: Session,
  inspected: InspectedEvent,
  options: SignOptions,
): Promise<readonly EventSignature[]> {
  const all = await listHeldKeys(session.workspace.keysFolder, keyOpening(session.world));
  const held = options.key === undefined ? all : all.filter(({ name }) => name === options.key);
  const dangers = dangersOf(inspected).length;
  const what = dangers === 0 ? 'Sign this?' : `Sign this, with ${dangers} DANGEROUS change(s)?`;
  await requireConsent(session, options, what);
  const signatures = await signEvent(inspected, held);
  if (signatures.length > 0) return signatures;
  throw new Failure(
    'nothing_to_sign',
    `this workspace holds no key that this event still needs${options.key === undefined ? '' : ` by the name ${options.key}`}`,
  );
}

async function writeSignatures(
  session: Session,
  { id, fingerprint, files }: InspectedEvent,
  signatures: readonly EventSignature[],
  path: string,
): Promise<void> {
  const schema = 'sealift.event-signatures/1';
  await writeDurably(
    path,
    eventFileBytes({ schema, event: id, fingerprint, signatures: [...signatures] }),
  );
  session.show(
    { event: id, fingerprint, signatures: signatures.length, files: files.length, out: path },
    `${signatures.length} signature(s) are in ${path}.\nOn a machine with network: sealift event import-signatures ${path}`,
  );
}
