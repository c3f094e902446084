import type { Noticed } from '../../shared/protocol/noticed.ts';
import type { Report } from '../../shared/protocol/report.ts';
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

/**
 * Keeps what the newest report says of time and metadata (Uptane 5.4.2.1.2), and the last thing that
 * was noticed. Agents of 0.1.0 say neither, and cost nothing here.
 */
export async function saveSignals(
  tx: Tx,
  { device, time, metadata }: Report,
  notices: readonly Notice[],
): Promise<void> {
  const notice = notices.at(-1);
  if (time === undefined && notice === undefined) return;
  const told = {
    clock: time?.clock ?? null,
    verified_time: time?.verified ?? null,
    metadata: metadata === undefined ? null : JSON.stringify(metadata),
    ...(notice !== undefined && { notice: JSON.stringify(notice) }),
  } satisfies Partial<DeviceSignalsRow>;
  await tx
    .insertInto('device_signals')
    .values({ device, notice: null, ...told })
    .onConflict((conflict) => conflict.column('device').doUpdateSet(told))
    .execute();
}
