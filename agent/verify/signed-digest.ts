import { ManifestSchema } from '../../shared/release/manifest.ts';
import { parseStrictJson } from '../../shared/metadata/strict-json.ts';

/** The digest that a manifest, whose hash was checked, states for what is installed. */
export function signedDigest(manifest: Uint8Array): string | undefined {
  const [artifact] = ManifestSchema.parse(parseStrictJson(manifest)).artifacts;
  return artifact?.installed?.sha256;
}
