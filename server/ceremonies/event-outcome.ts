import type { SigningEvent } from '../../shared/ceremony/event.ts';
import type { Change, Obstacle, Published } from './change.ts';

/** Why a move of a signing event is not possible. */
export interface EventRefusal {
  readonly kind:
    | 'unknown_event'
    | 'event_overlaps'
    | 'event_closed'
    | 'event_stale'
    | 'signature_unknown'
    | 'signature_invalid'
    | 'not_allowed';
  readonly message: string;
}

export type EventOutcome =
  | {
      readonly kind: 'event';
      readonly event: SigningEvent;
      /** What became visible by this very move. */
      readonly published: Publication | undefined;
    }
  | EventRefusal
  | Obstacle;

/** A change that became visible, and what came of it. */
export interface Publication {
  readonly change: Change;
  readonly outcome: Published;
}

/** Gives up a transaction in which a publication met an obstacle. */
export class Obstructed extends Error {
  override readonly name = 'Obstructed';
  readonly obstacle: Obstacle;

  constructor(obstacle: Obstacle) {
    super(obstacle.message);
    this.obstacle = obstacle;
  }
}

/** What `work` answers, or the obstacle that made it give up its transaction. */
export async function orObstructed<T>(work: () => Promise<T>): Promise<T | Obstacle> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Obstructed)) throw cause;
    return cause.obstacle;
  }
}
