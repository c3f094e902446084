import type { KeyObject } from 'node:crypto';
import { readMessage, verifyReports } from './open-reports.ts';
import type { Message, Stored } from './store-message.ts';

/** What a device is answered, over HTTP and MQTT alike. */
export type Receipt =
  | { readonly kind: 'stored'; readonly stored: number }
  | { readonly kind: 'malformed_request' | 'report_refused'; readonly message: string };

export interface ReceiveDeps {
  /** The key under which the device enrolled, parsed once and remembered. */
  readonly findDeviceKey: (deviceId: string) => Promise<KeyObject | undefined>;
  readonly ingest: (message: Message) => Promise<Stored>;
}

/** From the bytes a device sent to the number up to which everything is on disk. */
export function receiveReports(
  deps: ReceiveDeps,
): (deviceId: string, bytes: Uint8Array) => Promise<Receipt> {
  return async (device, bytes) => {
    const message = readMessage(bytes);
    if (message.kind !== 'envelopes') return message;
    const key = await deps.findDeviceKey(device);
    if (key === undefined) return { kind: 'report_refused', message: `${device} is not enrolled` };
    const opened = verifyReports(message.envelopes, { id: device, key });
    if (opened.kind !== 'reports') return opened;
    const outcome = await deps.ingest({ device, reports: opened.reports });
    return outcome.kind === 'stored' ? { kind: 'stored', stored: outcome.stored } : outcome;
  };
}
