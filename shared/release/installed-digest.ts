import { sha256Hex } from '../crypto/digest.ts';

/** A component and what stands of it. */
export interface InstalledComponent {
  readonly component: string;
  readonly installedSha256: string;
}

/**
 * One digest for all that a release installs, the same for who signed it and for who measured it: of
 * a single component its own, of several the digest of the list, in the order of the manifest.
 */
export function installedDigest(components: readonly InstalledComponent[]): string {
  const [first, ...others] = components;
  if (first !== undefined && others.length === 0) return first.installedSha256;
  const lines = components.map(({ component, installedSha256 }) =>
    JSON.stringify([component, installedSha256]),
  );
  return sha256Hex(Buffer.from(['sealift.components/1', ...lines, ''].join('\n')));
}

/** The same, where something may not be known: then nothing is known of the whole. */
export function installedDigestIfKnown(
  components: readonly { readonly component: string; readonly installedSha256: string | null }[],
): string | null {
  const known = components.flatMap(({ component, installedSha256 }) =>
    installedSha256 === null ? [] : [{ component, installedSha256 }],
  );
  return known.length === components.length ? installedDigest(known) : null;
}

/** What an author signed for all of a release; undefined when one artifact comes without a digest. */
export function signedInstalledDigest(artifacts: readonly SignedArtifact[]): string | undefined {
  const components = artifacts.flatMap(({ component, installed }) =>
    installed === undefined ? [] : [{ component, installedSha256: installed.sha256 }],
  );
  return components.length === artifacts.length ? installedDigest(components) : undefined;
}

interface SignedArtifact {
  readonly component: string;
  readonly installed?: { readonly sha256: string } | undefined;
}
