import type { Noticed } from '../../shared/protocol/noticed.ts';
import type { Report, ReportEvent } from '../../shared/protocol/report.ts';
import type { WaitingReason } from '../../shared/protocol/waiting.ts';
import type { DeviceSignalsRow, Tx } from '../database/schema.ts';

/** What a device noticed on its way to us, and when we heard of it. */
export interface Notice extends Noticed {
  readonly device: string;
  readonly receivedAt: string;
}

/** What was noticed in reports that are new, in their order. */
export function noticesIn(reports: readonly Report[], at: Date): readonly Notice[] {
  return reports.flatMap(({ device, event }) =>
    event.kind === 'noticed' ? [{ ...event, device, receivedAt: at.toISOString() }] : [],
  );
}

/** What keeps the release of a device waiting, as it last said. */
export interface WaitingSignal {
  readonly version: string;
  readonly manifestSha256: string;
  readonly reasons: readonly WaitingReason[];
  readonly receivedAt: string;
}

const WAITING_ENDS: ReadonlySet<ReportEvent['kind']> = new Set([
  'stage',
  'receipt',
  'refused',
  'failed',
  'rolled_back',
]);

/** What these reports say of waiting: null that it is over, undefined nothing. */
export function waitingIn(reports: readonly Report[], at: Date): WaitingSignal | null | undefined {
  const last = reports.findLast(
    ({ event: { kind } }) => kind === 'waiting' || WAITING_ENDS.has(kind),
  );
  if (last === undefined) return undefined;
  const { event } = last;
  if (event.kind !== 'waiting' || event.reasons.length === 0) return null;
  const { version, manifestSha256 } = event.release;
  return { version, manifestSha256, reasons: event.reasons, receivedAt: at.toISOString() };
}

/** What reports say beside what happened. */
export interface Signals {
  readonly notices: readonly Notice[];
  readonly waiting: WaitingSignal | null | undefined;
}

/**
 * Keeps what the newest report says of time and metadata (Uptane 5.4.2.1.2), and the last thing that
 * was noticed. Agents of 0.1.0 say neither, and cost nothing here.
 */
export async function saveSignals(
  tx: Tx,
  { device, time, metadata }: Report,
  { notices, waiting }: Signals,
): Promise<void> {
  if (time === undefined && notices.length === 0 && waiting === undefined) return;
  const told = {
    clock: time?.clock ?? null,
    verified_time: time?.verified ?? null,
    metadata: metadata === undefined ? null : JSON.stringify(metadata),
    ...textOf('notice', notices.at(-1)),
    ...textOf('waiting', waiting),
  } satisfies Partial<DeviceSignalsRow>;
  await tx
    .insertInto('device_signals')
    .values({ device, notice: null, waiting: null, ...told })
    .onConflict((conflict) => conflict.column('device').doUpdateSet(told))
    .execute();
}

/** The column, if there is something new to put there; null empties it. */
function textOf<Column extends 'notice' | 'waiting'>(
  column: Column,
  value: object | null | undefined,
): Partial<Record<Column, string | null>> {
  if (value === undefined) return {};
  return { [column]: value && JSON.stringify(value) } as Partial<Record<Column, string | null>>;
}
