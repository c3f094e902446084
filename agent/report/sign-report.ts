import type { Signer } from '../../shared/crypto/signer.ts';
import { signDsse } from '../../shared/dsse.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import type { Report } from '../../shared/protocol/report.ts';
import type { Unwritten } from '../state/agent-state.ts';

/** Who speaks. */
export interface Reporter {
  readonly device: string;
  readonly bootId: string;
  readonly agent: string;
  readonly signer: Signer;
}

/** What a report says beside what happened: how the device stands when it is signed. */
export type Standing = Required<Pick<Report, 'time' | 'metadata'>>;

/** The envelope of one report, as it lies in the outbox and goes over the wire. */
export async function signReport(
  { device, bootId, agent, signer }: Reporter,
  { number, at, event }: Unwritten,
  standing: Standing & Pick<Report, 'running'>,
): Promise<Uint8Array> {
  const report: Report = {
    schema: 'sealift.report/1',
    device,
    number,
    at,
    bootId,
    agent,
    ...standing,
    event,
  };
  const payload = Buffer.from(JSON.stringify(report), 'utf8');
  const envelope = await signDsse(MEDIA_TYPES.report, payload, [signer]);
  return Buffer.from(JSON.stringify(envelope), 'utf8');
}
