import { z } from 'zod';
import { DsseSchema, unverifiedPayload } from '../../shared/dsse.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import type { AttestationRef, Manifest } from '../../shared/release/manifest.ts';

const Statement = z.looseObject({
  _type: z.enum(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']),
  subject: z.array(z.looseObject({ digest: z.record(z.string(), z.string()) })).min(1),
  predicateType: z.string(),
});

/**
 * What is wrong with an attestation of a release, or undefined: it must be a DSSE envelope around an
 * in-toto statement of the type that the manifest names, about an artifact of this release.
 *
 * Whose signature counts is each device's policy; the server knows no builders.
 */
export function attestationFault(
  bytes: Uint8Array,
  { sha256, predicateType }: AttestationRef,
  { artifacts }: Manifest,
): string | undefined {
  const name = `attestation ${sha256.slice(0, 12)}`;
  const envelope = DsseSchema.safeParse(parse(bytes));
  if (!envelope.success) return `${name} is not a DSSE envelope`;
  if (envelope.data.payloadType !== MEDIA_TYPES.statement) {
    return `${name} is of type ${envelope.data.payloadType}, not ${MEDIA_TYPES.statement}`;
  }
  const statement = Statement.safeParse(parse(unverifiedPayload(envelope.data)));
  if (!statement.success) return `${name} holds no in-toto statement`;
  if (statement.data.predicateType !== predicateType) {
    return `${name} is ${statement.data.predicateType}, the manifest says ${predicateType}`;
  }
  const digests = new Set(artifacts.map((artifact) => artifact.sha256));
  const isAboutUs = statement.data.subject.some(({ digest }) =>
    digests.has(digest['sha256'] ?? ''),
  );
  return isAboutUs ? undefined : `${name} is about no artifact of this release`;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) return undefined;
    throw cause;
  }
}
