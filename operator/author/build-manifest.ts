import { basename } from 'node:path';
import { Conditions } from '../../shared/release/conditions.ts';
import { ManifestSchema, type Manifest, type ManifestFile } from '../../shared/release/manifest.ts';
import { Failure } from '../failure.ts';
import type { ComponentArtifact, ReleaseFile, ReleaseFiles } from './release-files.ts';

/** What an author says of a release, beside its files. */
export interface ReleaseFacts {
  readonly product: string;
  readonly version: string;
  readonly hardwareIds: readonly string[];
  readonly securityEpoch: number;
  readonly class: Manifest['class'];
  readonly notes: string | undefined;
  readonly advisories: readonly string[];
  readonly supportUntil: string | undefined;
  /** When devices may begin to install it; none, and it does not stand in the manifest. */
  readonly conditions?: Conditions;
}

/** The manifest of a release, checked by the schema that devices read it with. */
export function buildManifest(facts: ReleaseFacts, files: ReleaseFiles): ManifestFile {
  const { product, version, hardwareIds, securityEpoch, notes, supportUntil, conditions } = facts;
  const manifest: ManifestFile = {
    schema: 'sealift.manifest/1',
    product,
    version,
    securityEpoch,
    hardwareIds: [...hardwareIds],
    class: facts.class,
    artifacts: files.artifacts.map(artifactOf),
    ...(files.sbom && { sbom: refOf(files.sbom) }),
    attestations: files.attestations.map(({ predicateType, sha256, length }) => ({
      predicateType,
      sha256,
      length,
    })),
    advisories: [...facts.advisories],
    ...(notes !== undefined && { notes }),
    ...(supportUntil !== undefined && { supportUntil }),
    ...(conditions && Object.keys(conditions).length > 0 && { conditions }),
  };
  requireReadable(manifest);
  return manifest;
}

function artifactOf(artifact: ComponentArtifact): ManifestFile['artifacts'][number] {
  const { component, path, installer, module, restore } = artifact;
  const { installedSha256, installedLength: length } = artifact;
  return {
    component,
    installer,
    fileName: basename(path),
    ...refOf(artifact),
    ...(installedSha256 !== undefined && {
      installed: { sha256: installedSha256, ...(length !== undefined && { length }) },
    }),
    ...(module && { module }),
    ...(restore && { restore: [...restore] }),
  };
}

function refOf({ mediaType, sha256, length }: Omit<ReleaseFile, 'path'>): {
  mediaType: string;
  sha256: string;
  length: number;
} {
  return { mediaType, sha256, length };
}

/** A manifest that a device could not read must never be signed. */
function requireReadable(manifest: ManifestFile): void {
  const parsed = ManifestSchema.safeParse(manifest);
  const conditions = Conditions.safeParse(manifest.conditions ?? {});
  const issue = parsed.error?.issues[0] ?? conditions.error?.issues[0];
  if (issue === undefined) return;
  const at = issue.path.map(String).join('.');
  throw new Failure('release_invalid', `the manifest at ${at}: ${issue.message}`);
}
