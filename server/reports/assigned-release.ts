import { LRUCache } from 'lru-cache';
import { parseStrictJson } from '../../shared/metadata/strict-json.ts';
import { signedInstalledDigest } from '../../shared/release/installed-digest.ts';
import { ManifestSchema } from '../../shared/release/manifest.ts';
import type { AssignedRelease } from './apply-report.ts';

/** What the author signed about a release, from the bytes of its published manifest. */
export function assignedRelease(manifestSha256: string, bytes: Uint8Array): AssignedRelease {
  const manifest = ManifestSchema.parse(parseStrictJson(bytes));
  const { product, version, securityEpoch, artifacts } = manifest;
  const components = artifacts.map(({ component, installed }) => {
    return { component, installedSha256: installed?.sha256 };
  });
  const installedSha256 = signedInstalledDigest(artifacts);
  return { product, version, manifestSha256, securityEpoch, installedSha256, components };
}

/** Remembers the few releases that a fleet reports about: a manifest never changes. */
export function rememberReleases<T>(
  load: (world: T, manifestSha256: string) => Promise<Uint8Array | undefined>,
): (world: T, manifestSha256: string) => Promise<AssignedRelease | undefined> {
  const remembered = new LRUCache<string, AssignedRelease>({ max: 256 });
  return async (world, manifestSha256) => {
    const known = remembered.get(manifestSha256);
    if (known !== undefined) return known;
    const bytes = await load(world, manifestSha256);
    if (bytes === undefined) return undefined;
    const release = assignedRelease(manifestSha256, bytes);
    remembered.set(manifestSha256, release);
    return release;
  };
}
