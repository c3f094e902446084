import { signDsse } from '../shared/dsse.ts';
import type { Signer } from '../shared/crypto/signer.ts';
import { EnrolmentAnswer, type Enrolment } from '../shared/protocol/enrolment.ts';
import { MEDIA_TYPES } from '../shared/protocol/media-types.ts';
import * as z from 'zod/mini';
import type { EnrolmentReply } from './link/server.ts';
import { jsonIn } from './read-json.ts';

/** Who asks to be let in. */
export interface Applicant {
  readonly deviceId: string;
  readonly product: string;
  readonly hardwareId: string;
  readonly signer: Signer;
}

/** What the server said: where the device stands, or why it was not let in. */
export type EnrolmentResult =
  | { readonly kind: 'answered'; readonly state: z.infer<typeof EnrolmentAnswer>['state'] }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

const ErrorAnswer = z.looseObject({ code: z.string(), message: z.string() });

/** The signed application: the signature proves that the device holds the key it announces. */
export async function enrolmentEnvelope(
  { deviceId, product, hardwareId, signer }: Applicant,
  token: string,
): Promise<Uint8Array> {
  const { publicKey } = signer;
  const enrolment: Enrolment = {
    schema: 'sealift.enrolment/1',
    token,
    device: deviceId,
    product,
    hardwareId,
    publicKey: publicKey.keyval.public,
  };
  const payload = Buffer.from(JSON.stringify(enrolment), 'utf8');
  const envelope = await signDsse(MEDIA_TYPES.enrolment, payload, [signer]);
  return Buffer.from(JSON.stringify(envelope), 'utf8');
}

/** Reads the server's answer. */
export function readEnrolment({ status, body }: EnrolmentReply): EnrolmentResult {
  const json = jsonIn(body);
  const answer = EnrolmentAnswer.safeParse(json);
  if (status === 200 && answer.success) return { kind: 'answered', state: answer.data.state };
  const error = ErrorAnswer.safeParse(json);
  if (error.success) return { kind: 'refused', code: error.data.code, detail: error.data.message };
  return { kind: 'refused', code: 'unreadable', detail: `the server answered ${status}` };
}
