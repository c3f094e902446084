import { sha256Hex } from '../../shared/crypto/digest.ts';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { readNamed } from '../workspace/read-file.ts';
import { ENVELOPE_MEDIA_TYPE, predicateTypeOf } from './attestation.ts';
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

/** All files of a release, read and recognised. */
export interface ReleaseFiles {
  readonly artifact: ReadArtifact;
  readonly sbom: ReleaseFile | undefined;
  readonly attestations: readonly (ReleaseFile & { readonly predicateType: string })[];
}

/** Where they lie. */
export interface ReleasePaths {
  readonly artifact: string;
  readonly installer: InstallerChoice;
  readonly sbom: string | undefined;
  readonly attestations: readonly string[];
}

/** Reads every file of a release once. */
export async function readReleaseFiles(
  paths: ReleasePaths,
  progress: Progress,
): Promise<ReleaseFiles> {
  const artifact = await readArtifact(paths.artifact, paths.installer, progress);
  return {
    artifact,
    sbom: paths.sbom === undefined ? undefined : await readSbom(paths.sbom),
    attestations: await Promise.all(
      paths.attestations.map((path) => readAttestation(path, artifact.sha256)),
    ),
  };
}

async function readSbom(path: string): Promise<ReleaseFile> {
  const bytes = await readNamed(path, LIMITS.sbomBytes);
  return { path, mediaType: sbomMediaType(path, bytes), ...measure(bytes) };
}

async function readAttestation(
  path: string,
  artifactSha256: string,
): Promise<ReleaseFiles['attestations'][number]> {
  const bytes = await readNamed(path, LIMITS.attestationBytes);
  const predicateType = predicateTypeOf(path, bytes, artifactSha256);
  return { path, mediaType: ENVELOPE_MEDIA_TYPE, predicateType, ...measure(bytes) };
}

function measure(bytes: Uint8Array): { readonly length: number; readonly sha256: string } {
  return { length: bytes.length, sha256: sha256Hex(bytes) };
}
