import * as z from 'zod/mini';
import { DsseSchema, unverifiedPayload } from '../../shared/dsse.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import { Failure } from '../failure.ts';

/** The media type of the envelope itself. */
export const ENVELOPE_MEDIA_TYPE = 'application/vnd.dsse.envelope.v1+json';

const Statement = z.looseObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(z.looseObject({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
});

/**
 * What an attestation is about, after the checks that an author wants to hear early: it is an
 * in-toto statement in DSSE, and one of its subjects is an artifact of the release, by SHA-256. Who
 * signed it, the device decides.
 */
export function predicateTypeOf(
  path: string,
  bytes: Uint8Array,
  artifacts: readonly string[],
): string {
  const envelope = DsseSchema.safeParse(json(path, bytes));
  if (!envelope.success) throw unknown(path, 'is not a DSSE envelope');
  if (envelope.data.payloadType !== MEDIA_TYPES.statement) {
    throw unknown(path, `carries ${envelope.data.payloadType}, not ${MEDIA_TYPES.statement}`);
  }
  const statement = Statement.safeParse(json(path, unverifiedPayload(envelope.data)));
  if (!statement.success) throw unknown(path, 'does not carry an in-toto statement v1');
  const { subject, predicateType } = statement.data;
  if (!subject.some(({ digest }) => artifacts.includes(digest['sha256'] ?? ''))) {
    throw unknown(path, `is not about the artifact with sha256 ${artifacts.join(' or ')}`);
  }
  return predicateType;
}

function json(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw unknown(path, 'is not JSON');
  }
}

function unknown(path: string, why: string): Failure {
  return new Failure('attestation_unknown', `${path} ${why}`);
}
