import { join } from 'node:path';
import Database from 'better-sqlite3';
import { DsseSchema, unverifiedPayload } from '../../../shared/dsse.ts';
import { ReportSchema } from '../../../shared/protocol/report.ts';
import type { Told } from './truth.ts';

const ENDINGS = new Set(['receipt', 'failed', 'rolled_back']);

/** Reads what the server has stored of a device, from its disk: its API answers only the last 20. */
export function readTold(dataFolder: string, device: string, version: string): Told {
  const db = new Database(join(dataFolder, 'sealift.db'), { readonly: true });
  try {
    const rows = db
      .prepare<[string], { number: number; kind: string; envelope: Buffer }>(
        'select number, kind, envelope from reports where device = ? order by number',
      )
      .all(device);
    const endings = rows
      .filter(({ kind }) => ENDINGS.has(kind))
      .map(({ envelope }) => eventOf(envelope))
      .filter((event) => 'release' in event && event.release?.version === version);
    return {
      numbers: rows.map(({ number }) => number),
      endings: endings.map((event) => {
        return { kind: event.kind, reason: 'reason' in event ? event.reason : undefined };
      }),
    };
  } finally {
    db.close();
  }
}

/** The server has verified it before it stored it. */
function eventOf(envelope: Buffer) {
  const payload = unverifiedPayload(DsseSchema.parse(JSON.parse(envelope.toString())));
  return ReportSchema.parse(JSON.parse(Buffer.from(payload).toString())).event;
}
