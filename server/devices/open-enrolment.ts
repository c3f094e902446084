import * as z from 'zod/mini';
import { ed25519Key, PublicKeySchema } from '../../shared/crypto/public-key.ts';
import { DsseSchema, isDsseSignedBy, unverifiedPayload } from '../../shared/dsse.ts';
import { JsonError, parseStrictJson } from '../../shared/metadata/strict-json.ts';
import { EnrolmentSchema, type Enrolment } from '../../shared/protocol/enrolment.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';

export type OpenedEnrolment =
  | { readonly kind: 'enrolment'; readonly enrolment: Enrolment }
  | {
      readonly kind: 'malformed_request' | 'proof_of_possession_failed';
      readonly message: string;
    };

/** No enrolment is longer; the body limit of its route. */
export const MAX_ENROLMENT_BYTES = 16_384;

/** Reads an enrolment, and checks that whoever sent it holds the key that it announces. */
export function openEnrolment(bytes: Uint8Array): OpenedEnrolment {
  const envelope = read(bytes, DsseSchema);
  if (typeof envelope === 'string') return malformed(envelope);
  const enrolment = read(unverifiedPayload(envelope), EnrolmentSchema);
  if (typeof enrolment === 'string') return malformed(`payload.${enrolment}`);
  const key = PublicKeySchema.safeParse(ed25519Key(enrolment.publicKey));
  if (!key.success) return malformed('payload.publicKey: not a usable Ed25519 key');
  // One signature, or a short body could ask for sixteen verifications.
  const signed =
    envelope.signatures.length === 1 &&
    isDsseSignedBy(envelope, MEDIA_TYPES.enrolment, [key.data], 1);
  if (signed) return { kind: 'enrolment', enrolment };
  return {
    kind: 'proof_of_possession_failed',
    message: 'the enrolment is not signed by the key that it announces',
  };
}

function read<T extends z.core.$ZodType>(bytes: Uint8Array, schema: T): z.output<T> | string {
  try {
    const parsed = z.safeParse(schema, parseStrictJson(bytes));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    return `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'invalid'}`;
  } catch (cause) {
    if (cause instanceof JsonError) return cause.message;
    throw cause;
  }
}

function malformed(message: string): OpenedEnrolment {
  return { kind: 'malformed_request', message };
}
