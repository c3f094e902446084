import * as z from 'zod/mini';
import { sha256Hex } from '../crypto/digest.ts';
import { isSignedBy } from '../crypto/is-signed-by.ts';
import { keyIdOf, keyMaterial } from '../crypto/public-key.ts';
import { canonicalBytes } from '../metadata/canonical-json.ts';
import type { RoleKeys } from '../metadata/fields.ts';
import type { KeysById } from '../metadata/keys.ts';
import { LIMITS } from '../metadata/limits.ts';
import type { JsonValue } from '../metadata/strict-json.ts';
import { firstIssue, readJson } from './malformed.ts';
import type { Profile } from './profile.ts';
import { Refusal } from './refusal.ts';

const Envelope = z.looseObject({
  signatures: z
    .array(
      z.looseObject({
        keyid: z.string().check(z.maxLength(256)),
        // Empty is allowed: a holder who has not signed yet (tuf-on-ci writes these). It never counts.
        sig: z.string().check(z.regex(/^([0-9a-fA-F]{2}){0,1024}$/)),
      }),
    )
    .check(
      z.maxLength(LIMITS.signatures),
      // TUF 4.2.1: a client counts a keyid once. Repeating one is never honest, so it is refused.
      z.refine(
        (all) => new Set(all.map(({ keyid }) => keyid)).size === all.length,
        'a keyid signs twice',
      ),
    ),
  signed: z.unknown(),
});

/** A metadata file whose form is right and whose signatures nobody has checked yet. */
export interface UnverifiedFile {
  /** The file as it came. */
  readonly bytes: Uint8Array;
  /** What the signatures cover. */
  readonly canonical: Uint8Array;
  readonly signed: JsonValue;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** A metadata file whose signatures held, in a type that cannot be wrong. */
export interface VerifiedFile<T> {
  readonly content: T;
  readonly bytes: Uint8Array;
  /** SHA-256 of what was signed: equal for two files that say the same. */
  readonly contentSha256: string;
}

/** Opens the envelope of a metadata file. No field of `signed` may be used before {@link verifyFile}. */
export function openFile(name: string, bytes: Uint8Array): UnverifiedFile {
  const envelope = Envelope.safeParse(readJson('metadata_malformed', name, bytes));
  if (!envelope.success) throw malformed(name, envelope.error);
  const { signatures } = envelope.data;
  const signed = envelope.data.signed as JsonValue; // it came out of parseStrictJson
  return { bytes, canonical: canonicalBytes(signed), signed, signatures };
}

/** The content of a file whose signatures have been checked, by `schema`. */
export function readContent<T extends z.core.$ZodType>(
  name: string,
  file: UnverifiedFile,
  schema: T,
): VerifiedFile<z.output<T>> {
  const content = z.safeParse(schema, file.signed);
  if (!content.success) throw malformed(name, content.error);
  return { content: content.data, bytes: file.bytes, contentSha256: sha256Hex(file.canonical) };
}

/**
 * TUF 5.3.4, 5.4.2, 5.5.3, 5.6.3: a threshold of *different keys* of the role has signed `file`.
 *
 * Keys are counted by material (TAP 12): the same key under two ids is one key.
 */
export function requireThreshold(
  name: string,
  file: UnverifiedFile,
  role: RoleKeys,
  keys: KeysById,
): void {
  const counted = new Set<string>();
  for (const { keyid, sig } of file.signatures) {
    const key = role.keyids.includes(keyid) ? keys.get(keyid) : undefined;
    if (key === undefined) continue;
    const signature = Buffer.from(sig, 'hex');
    if (isSignedBy(key, file.canonical, signature)) counted.add(keyMaterial(key));
    if (counted.size >= role.threshold) return;
  }
  throw new Refusal(
    'threshold_not_met',
    `${name} is signed by ${counted.size} of the ${role.threshold} keys it needs`,
  );
}

/** TUF 4.3: in our own repositories a keyid is the hash of its key, so two tools cannot disagree. */
export function requireOwnKeyIds(name: string, keys: KeysById, profile: Profile): void {
  if (!profile.requiresOwnKeyIds) return;
  for (const [keyId, key] of keys) {
    if (keyIdOf(key) !== keyId) {
      throw new Refusal('key_id_mismatch', `${name} lists a key under ${keyId}, not its own id`);
    }
  }
}

function malformed(name: string, error: z.core.$ZodError): Refusal {
  const { field, message } = firstIssue(error);
  const code = field === 'spec_version' ? 'spec_version_unsupported' : 'metadata_malformed';
  const at = field === '' ? '' : ` at ${field}`;
  return new Refusal(code, `${name}${at}: ${message}`);
}
