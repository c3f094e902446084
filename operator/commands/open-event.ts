import type { OpenEvent, SigningEvent } from '../../shared/ceremony/event.ts';
import { proposedFiles, type Draft, type ProposedFile } from '../author/ceremony/draft.ts';
import {
  inspectEvent,
  inspectFiles,
  type InspectedEvent,
} from '../author/ceremony/inspect-event.ts';
import { readProposed } from '../author/ceremony/read-event.ts';
import { envelopeText, signEvent, withSignatures } from '../author/ceremony/sign-event.ts';
import type { Standing } from '../author/ceremony/standing.ts';
import type { HeldKey } from '../author/held-key.ts';
import { Failure } from '../failure.ts';
import { retryOnConflict } from '../operate/retry-conflict.ts';
import { requireUnchanged } from '../workspace/seen-events.ts';
import { requireConsent, type ConsentOptions } from './consent.ts';
import { answer } from './event-sign.ts';
import { dangersOf, differenceText } from './event-view.ts';
import type { Session } from './session.ts';
import { verifyServer, type Verified } from './standing.ts';

/** A change that is about to become an event. */
export interface Opening {
  readonly title: string;
  readonly held: readonly HeldKey[];
  readonly consent: ConsentOptions;
  /** What to change, on top of what was just verified. */
  readonly plan: (standing: Standing) => Draft;
}

/**
 * Opens an event for a change: verifies, shows the difference, signs with every key held here, hands it
 * over. Where that is all it takes, the server publishes it at once.
 */
export async function openPlanned(session: Session, opening: Opening): Promise<void> {
  await retryOnConflict(
    async () => {
      const verified = await verifyServer(session);
      const files = proposedFiles(opening.plan(verified.standing));
      const opened = await openWith({ session, verified, opening }, { files });
      await answer(session, opened.event, opened.inspected);
    },
    () => {
      session.progress('something was published meanwhile: verifying and signing again');
    },
  );
}

/** What goes into an event besides its title. */
export interface EventContent extends Pick<OpenEvent, 'manifests' | 'products'> {
  readonly files: readonly ProposedFile[];
}

export interface Opened {
  readonly event: SigningEvent;
  readonly inspected: Omit<InspectedEvent, 'id' | 'title'>;
}

/** Shows, asks where it is dangerous, signs and hands over. */
export async function openWith(
  {
    session,
    verified,
    opening,
  }: { session: Session; verified: Verified; opening: Omit<Opening, 'plan'> },
  { files, manifests = [], products = [] }: EventContent,
): Promise<Opened> {
  if (files.length === 0) throw new Failure('nothing_to_change', 'there is nothing to change');
  const now = session.world.now();
  const offered = files.map(readProposed);
  const inspected = inspectFiles(
    { offered, manifests: [...manifests], products: [...products] },
    verified.standing,
    now,
  );
  session.progress(`${differenceText(inspected)}\n`);
  const dangers = dangersOf(inspected).length;
  if (dangers > 0) {
    await requireConsent(session, opening.consent, `Go on, with ${dangers} DANGEROUS change(s)?`);
  }
  const signatures = await signEvent(inspected, opening.held);
  const event = await verified.api.openEvent({
    title: opening.title,
    files: files.map((file) => ({
      repository: file.repository,
      role: file.role,
      file: envelopeText(file, signatures),
    })),
    manifests: [...manifests],
    products: [...products],
  });
  if (event.state === 'open') await requireAsSent(session, verified, { event, inspected });
  return { event, inspected: withSignatures(inspected, signatures) };
}

/** What the server now asks others to sign is what was sent. */
async function requireAsSent(
  { world, workspace }: Session,
  { standing }: Verified,
  { event, inspected }: Opened,
): Promise<void> {
  const opened = inspectEvent(event, standing, world.now());
  if (opened.fingerprint !== inspected.fingerprint) {
    throw new Failure('event_changed', `the server opened event ${event.id} with other content`);
  }
  await requireUnchanged(workspace.seenEventsFile, opened);
}
