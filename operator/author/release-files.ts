import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { Artifact } from '../../shared/release/manifest.ts';
import type { Restore } from '../../shared/release/restore.ts';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { readNamed } from '../workspace/read-file.ts';
import { ENVELOPE_MEDIA_TYPE, predicateTypeOf } from './attestation.ts';
import { moduleFactsOf, type ModuleSaid } from './module-artifact.ts';
import {
  readArtifact,
  type InstallerChoice,
  type Progress,
  type ReadArtifact,
} from './read-artifact.ts';
import { sbomMediaType } from './sbom.ts';

/** A file of a release, by what its bytes are. */
export interface ReleaseFile {
  readonly path: string;
  readonly mediaType: string;
  readonly length: number;
  readonly sha256: string;
}

/** An artifact and the part of the device that it replaces. */
export interface ComponentArtifact extends ReadArtifact {
  readonly component: string;
  /** What its update module is told. */
  readonly module?: Artifact['module'];
}

/** All files of a release, read and recognised. */
export interface ReleaseFiles {
  /** In the order in which they are installed. */
  readonly artifacts: readonly ComponentArtifact[];
  readonly sbom: ReleaseFile | undefined;
  readonly attestations: readonly (ReleaseFile & { readonly predicateType: string })[];
}

/** Where an artifact lies, and how a device takes it. */
export interface ArtifactPath {
  readonly component: string;
  readonly path: string;
  readonly installer: InstallerChoice;
  readonly module?: ModuleSaid | undefined;
  readonly restore?: Restore | undefined;
}

/** Where they lie. */
export interface ReleasePaths {
  readonly artifacts: readonly ArtifactPath[];
  readonly sbom: string | undefined;
  readonly attestations: readonly string[];
}

/** Reads every file of a release once. */
export async function readReleaseFiles(
  paths: ReleasePaths,
  progress: (path: string) => Progress,
): Promise<ReleaseFiles> {
  const artifacts: ComponentArtifact[] = [];
  for (const { component, path, installer, module, restore } of paths.artifacts) {
    const read = await readArtifact(path, installer, progress(path), restore);
    artifacts.push({ component, ...read, ...(module && (await factsOf(module))) });
  }
  const digests = artifacts.map(({ sha256 }) => sha256);
  return {
    artifacts,
    sbom: paths.sbom === undefined ? undefined : await readSbom(paths.sbom),
    attestations: await Promise.all(
      paths.attestations.map((path) => readAttestation(path, digests)),
    ),
  };
}

async function factsOf(
  module: ModuleSaid,
): Promise<Pick<ComponentArtifact, 'module' | 'installedSha256'>> {
  return { module: await moduleFactsOf(module), installedSha256: module.installedSha256 };
}

async function readSbom(path: string): Promise<ReleaseFile> {
  const bytes = await readNamed(path, LIMITS.sbomBytes);
  return { path, mediaType: sbomMediaType(path, bytes), ...measure(bytes) };
}

async function readAttestation(
  path: string,
  artifacts: readonly string[],
): Promise<ReleaseFiles['attestations'][number]> {
  const bytes = await readNamed(path, LIMITS.attestationBytes);
  const predicateType = predicateTypeOf(path, bytes, artifacts);
  return { path, mediaType: ENVELOPE_MEDIA_TYPE, predicateType, ...measure(bytes) };
}

function measure(bytes: Uint8Array): { readonly length: number; readonly sha256: string } {
  return { length: bytes.length, sha256: sha256Hex(bytes) };
}
