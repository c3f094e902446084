import { ManifestSchema } from '../../shared/release/manifest.ts';
import { parseStrictJson } from '../../shared/metadata/strict-json.ts';

/** The digests that a manifest, whose hash was checked, states for what is installed, by component. */
export function signedDigests(manifest: Uint8Array): ReadonlyMap<string, string> {
  const { artifacts } = ManifestSchema.parse(parseStrictJson(manifest));
  return new Map(
    artifacts.flatMap(({ component, installed }): [string, string][] =>
      installed === undefined ? [] : [[component, installed.sha256]],
    ),
  );
}
