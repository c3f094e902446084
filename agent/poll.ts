import { Refusal } from '../shared/trust/refusal.ts';
import { troubleOf, type Trouble } from './link/trouble.ts';
import { Unreachable } from './link/unreachable.ts';
import type { Result, Session } from './session.ts';
import { offerOf, type Offer } from './verify/offer.ts';

/** What the server offers, and the tag by which it need not be sent again. */
export interface Asked {
  readonly offer: Offer;
  readonly etag: string | undefined;
}

/**
 * The newest offer; undefined when it is the one that `etag` names. A device that does not go by its
 * clock cannot tell an old answer by its expiry, so it sends a nonce, over HTTP: what the broker
 * dropped bears none, and is a knock at the door to such a device and no more.
 */
export async function askForOffer(
  { agent: { server, clock, ambient }, letters }: Session,
  etag: string | undefined,
): Promise<Asked | undefined> {
  const letter = letters.take();
  if ((await clock.standing()) !== 'trusted') {
    const nonce = ambient.nonce();
    const answer = await server.assignment(undefined, nonce);
    return answer && { offer: offerOf(answer.bytes, nonce), etag: undefined };
  }
  if (letter !== undefined) return { offer: offerOf(letter), etag: undefined };
  const answer = await server.assignment(etag);
  return answer && { offer: offerOf(answer.bytes), etag: answer.etag };
}

/** What kept a poll from being answered; anything else is thrown on. */
export function pollTrouble(cause: unknown): Trouble {
  if (cause instanceof Unreachable) return troubleOf(cause);
  if (cause instanceof Refusal) return { code: cause.code, detail: cause.message }; // endless data
  throw cause;
}

/** Tells the watch how a turn went: a refusal counts against the way, unless a release was verified. */
export async function noteTurn(session: Session, result: Result): Promise<void> {
  const { trouble, hasDownloaded } = session.last();
  if (trouble !== undefined) return session.reach.troubled(trouble);
  const refusal = result === 'refused' ? (await session.world.load()).lastRefusal : null;
  if (refusal?.release === null) return session.reach.troubled(refusal);
  return session.reach.clear(hasDownloaded);
}
