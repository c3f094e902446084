import * as z from 'zod/mini';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { DsseSchema, isDsseSignedBy, unverifiedPayload, type Dsse } from '../../shared/dsse.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import type { AttestationRef, Manifest } from '../../shared/release/manifest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';

/** What a release must show of how it was built: the configuration of this device says it. */
export interface ProvenancePolicy {
  /** How many keys of one builder must have signed. */
  readonly threshold: number;
  readonly builders: readonly { readonly id: string; readonly keys: readonly PublicKey[] }[];
}

const Statement = z.looseObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  predicateType: z.string(),
  subject: z.array(z.looseObject({ digest: z.looseObject({ sha256: z.optional(z.string()) }) })),
  predicate: z.looseObject({
    runDetails: z.looseObject({ builder: z.looseObject({ id: z.string() }) }),
  }),
});

const SLSA_PROVENANCE = 'https://slsa.dev/provenance/v1';

/** The attestations of a release that claim to be provenance. */
export function provenanceOf(manifest: Manifest): readonly AttestationRef[] {
  const named = manifest.attestations.filter(
    ({ predicateType }) => predicateType === SLSA_PROVENANCE,
  );
  if (named.length === 0) {
    throw new Refusal('provenance_missing', `${manifest.version} comes without build provenance`);
  }
  return named;
}

/** The bytes of an attestation are those that the manifest names, before anything in them is read. */
export function requireNamedAttestation(bytes: Uint8Array, named: AttestationRef): void {
  if (bytes.length !== named.length || sha256Hex(bytes) !== named.sha256) {
    throw new Refusal(
      'attestation_hash_mismatch',
      `attestation ${named.sha256} is not the file that was signed`,
    );
  }
}

/**
 * That every artifact of the release is a subject of provenance which a trusted builder signed
 * (SLSA v1.0, verifying artifacts). One builder's keys never count for another builder's id.
 */
export function requireTrustedBuilder(
  envelopes: readonly Uint8Array[],
  manifest: Manifest,
  policy: ProvenancePolicy,
): void {
  const vouchedFor = new Set(envelopes.flatMap((bytes) => subjectsOf(bytes, policy)));
  const left = manifest.artifacts.find(({ sha256 }) => !vouchedFor.has(sha256));
  if (left !== undefined) {
    throw new Refusal(
      'provenance_untrusted',
      `no trusted builder vouches for ${left.fileName} (sha256 ${left.sha256})`,
    );
  }
}

/** The digests that an envelope vouches for: none, when no trusted builder signed it. */
function subjectsOf(bytes: Uint8Array, { builders, threshold }: ProvenancePolicy): string[] {
  const envelope = DsseSchema.safeParse(parse(bytes));
  if (!envelope.success) return [];
  return builders.flatMap(({ id, keys }) =>
    isDsseSignedBy(envelope.data, MEDIA_TYPES.statement, keys, threshold)
      ? signedSubjects(envelope.data, id)
      : [],
  );
}

function signedSubjects(envelope: Dsse, builderId: string): string[] {
  const statement = Statement.safeParse(parse(unverifiedPayload(envelope)));
  if (!statement.success) return [];
  const { predicateType, predicate, subject } = statement.data;
  if (predicateType !== SLSA_PROVENANCE || predicate.runDetails.builder.id !== builderId) return [];
  return subject.map(({ digest }) => digest.sha256).filter((sha256) => sha256 !== undefined);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined; // not JSON vouches for nothing
  }
}
