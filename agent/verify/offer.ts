import { sha256Hex } from '../../shared/crypto/digest.ts';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { JsonError, parseStrictJson, type JsonValue } from '../../shared/metadata/strict-json.ts';
import { BundleSchema, type Bundle } from '../../shared/protocol/bundle.ts';
import { Refusal } from '../../shared/trust/refusal.ts';

/** What the server said, before anything of it was verified. */
export interface Offer {
  readonly bytes: Uint8Array;
  /** What makes two offers the same one. */
  readonly sha256: string;
}

/** An offer, from the bytes of a bundle. */
export function offerOf(bytes: Uint8Array): Offer {
  return { bytes, sha256: sha256Hex(bytes) };
}

/** The files in a bundle, not verified. */
export function openBundle({ bytes }: Offer): Bundle {
  if (bytes.length > LIMITS.bundleBytes) {
    throw new Refusal('metadata_too_large', `the bundle has ${bytes.length} bytes`);
  }
  const bundle = BundleSchema.safeParse(parse(bytes));
  if (bundle.success) return bundle.data;
  const [issue] = bundle.error.issues;
  const at = issue?.path.map(String).join('.') ?? '';
  throw new Refusal('metadata_malformed', `bundle at ${at}: ${issue?.message ?? 'invalid'}`);
}

function parse(bytes: Uint8Array): JsonValue {
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new Refusal('metadata_malformed', `bundle: ${cause.message}`, { cause });
  }
}
