import { LIMITS } from '../../shared/metadata/limits.ts';
import type { Manifest } from '../../shared/release/manifest.ts';
import { attestationFault } from './attestation.ts';
import { readSbomFormat } from './sbom-format.ts';

/** What the check may look at. */
export interface DocumentDeps {
  /** Length of a blob that is known and whole on disk. */
  readonly blobLength: (sha256: string) => Promise<number | undefined>;
  /** The bytes of a blob whose length is known to be small enough. */
  readonly readBlob: (sha256: string) => Promise<Uint8Array>;
}

/** What is wrong with the files of a release. */
export interface DocumentFault {
  readonly kind: 'blob_missing' | 'sbom_invalid' | 'attestation_invalid';
  readonly message: string;
}

/** The first fault in what belongs to a release besides its manifest: blobs, SBOM, attestations. */
export async function documentFault(
  manifest: Manifest,
  deps: DocumentDeps,
): Promise<DocumentFault | undefined> {
  return (
    (await blobFault(manifest, deps)) ??
    (await sbomFault(manifest, deps)) ??
    (await attestationsFault(manifest, deps))
  );
}

async function blobFault(
  { artifacts, sbom, attestations }: Manifest,
  { blobLength }: DocumentDeps,
): Promise<DocumentFault | undefined> {
  const files = [...artifacts, ...(sbom === undefined ? [] : [sbom]), ...attestations];
  for (const { sha256, length } of files) {
    const found = await blobLength(sha256);
    if (found === length) continue;
    const message =
      found === undefined
        ? `blob ${sha256} was not uploaded`
        : `blob ${sha256} has ${found} bytes, the manifest says ${length}`;
    return { kind: 'blob_missing', message };
  }
  return undefined;
}

async function sbomFault(
  { sbom }: Manifest,
  { readBlob }: DocumentDeps,
): Promise<DocumentFault | undefined> {
  if (sbom === undefined) return undefined; // whether a device wants one is its policy
  if (sbom.length > LIMITS.sbomBytes)
    return { kind: 'sbom_invalid', message: 'the SBOM is too large' };
  const format = readSbomFormat(await readBlob(sbom.sha256), sbom.mediaType);
  return format.kind === 'sbom' ? undefined : { kind: 'sbom_invalid', message: format.message };
}

async function attestationsFault(
  manifest: Manifest,
  { readBlob }: DocumentDeps,
): Promise<DocumentFault | undefined> {
  for (const attestation of manifest.attestations) {
    const message = attestationFault(await readBlob(attestation.sha256), attestation, manifest);
    if (message !== undefined) return { kind: 'attestation_invalid', message };
  }
  return undefined;
}
