import { sha256Hex } from '../../shared/crypto/digest.ts';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { JsonError, parseStrictJson } from '../../shared/metadata/strict-json.ts';
import { ManifestSchema, type Manifest } from '../../shared/release/manifest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';

/** A manifest as an author sends it. */
export interface OfferedManifest {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** What it claims; a role that names these bytes makes it true. */
  readonly manifest: Manifest;
}

/** The manifest in a text, or the refusal of a device that was sent it. */
export function offeredManifest(text: string): OfferedManifest {
  const bytes = Buffer.from(text, 'utf8');
  return { bytes, sha256: sha256Hex(bytes), manifest: claimedManifest(bytes) };
}

/** The digests of everything that a manifest names. */
export function namedBlobs({ artifacts, sbom, attestations }: Manifest): readonly string[] {
  const files = [...artifacts, ...(sbom === undefined ? [] : [sbom]), ...attestations];
  return files.map(({ sha256 }) => sha256);
}

function claimedManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > LIMITS.manifestBytes) {
    throw new Refusal('metadata_too_large', `the manifest has over ${LIMITS.manifestBytes} bytes`);
  }
  const parsed = ManifestSchema.safeParse(jsonOf(bytes));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.map(String).join('.') ?? '';
  throw new Refusal('manifest_malformed', `manifest at ${at}: ${issue?.message ?? 'invalid'}`);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new Refusal('manifest_malformed', `manifest: ${cause.message}`, { cause });
  }
}
