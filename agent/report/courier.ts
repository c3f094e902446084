import { backoffMs, type Backoff } from '../link/backoff.ts';
import { Unreachable } from '../link/unreachable.ts';
import type { Log } from '../log.ts';
import { isOfPlatform } from '../platform-error.ts';
import type { Envelope, Outbox, ReportMessage } from './outbox.ts';

/** Carries reports to the server. */
export interface Courier {
  /** Something may be waiting: deliver it in the background, again and again until it is there. */
  readonly hurry: () => void;
  /** Delivers what waits, now. Throws {@link Unreachable}. */
  readonly deliver: () => Promise<void>;
  /** The server acknowledged by itself, over MQTT. */
  readonly acknowledged: (stored: number) => Promise<void>;
  /** The server knows this device: from now on, what waits is carried. */
  readonly open: () => void;
}

/** What a courier needs. */
export interface CourierDeps {
  readonly outbox: Outbox;
  /** Makes a report anew that a disk has spoiled. */
  readonly remake: (number: number) => Envelope;
  /** Answers the highest number stored. Throws {@link Unreachable}. */
  readonly send: (message: ReportMessage) => Promise<number>;
  readonly backoff: Backoff;
  readonly random: () => number;
  /** Ends early, and then for ever, when the agent is told to end. */
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly isStopped: () => boolean;
  readonly log: Log;
}

/** At most one delivery at a time: two would only carry the same reports. */
export function courier(deps: CourierDeps): Courier {
  let isOpen = false;
  let wanted = false;
  let background: Promise<void> | undefined;
  let delivery: Promise<void> | undefined;

  const acknowledged = (stored: number): Promise<void> => deps.outbox.removeThrough(stored);
  const deliver = (): Promise<void> =>
    (delivery ??= deliverAll(deps, acknowledged).finally(() => {
      delivery = undefined;
    }));
  const work = async (): Promise<void> => {
    let failures = 0;
    while (wanted && !deps.isStopped()) {
      wanted = false;
      try {
        await deliver();
        failures = 0;
      } catch (cause) {
        // A disk that fails is tried again like a server that is away: no report is left behind.
        if (!(cause instanceof Unreachable) && !isOfPlatform(cause)) throw cause;
        wanted = true;
        failures += 1;
        deps.log('reports_delayed', { failures, detail: cause.message });
        await deps.pause(backoffMs(failures, deps.backoff, deps.random));
      }
    }
  };
  const hurry = (): void => {
    wanted = true;
    if (!isOpen) return;
    background ??= work().finally(() => {
      background = undefined;
      if (wanted && !deps.isStopped()) hurry(); // asked for between the last look and the end
    });
  };
  const open = (): void => {
    isOpen = true;
    hurry();
  };
  return { open, hurry, deliver, acknowledged };
}

async function deliverAll(
  { outbox, remake, send, log }: CourierDeps,
  acknowledged: (stored: number) => Promise<void>,
): Promise<void> {
  for (;;) {
    const message = await outbox.nextMessage(remake);
    if (message === undefined) return;
    const stored = await send(message);
    const isNews = stored > outbox.acknowledged();
    await acknowledged(stored);
    // Nothing of what was sent was stored: sending it again at once would not change that.
    if (stored < message.first && !isNews) {
      throw new Unreachable(`the server has stored ${stored}, we sent from ${message.first}`);
    }
    log('reports_delivered', { first: message.first, last: message.last, stored });
  }
}
