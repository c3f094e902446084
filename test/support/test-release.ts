import { sha256Hex } from '../../shared/crypto/digest.ts';
import { signDsse } from '../../shared/dsse.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import type { ManifestFile } from '../../shared/release/manifest.ts';
import { testKey } from './test-key.ts';

/** A release with everything that belongs to it: the manifest, and the blobs it names. */
export interface TestRelease {
  readonly manifest: ManifestFile;
  /** Bytes to upload, by media type; the digest names them. */
  readonly blobs: readonly { readonly mediaType: string; readonly bytes: Buffer }[];
}

/** A small release of one artifact with SBOM and provenance; `change` makes it another. */
export async function testRelease(
  version: string,
  change: Partial<ManifestFile> = {},
): Promise<TestRelease> {
  const artifact = Buffer.from(`firmware ${change.product ?? 'gateway'} ${version}`);
  const sbom = Buffer.from(JSON.stringify(cycloneDxOf(version)));
  const provenance = Buffer.from(JSON.stringify(await provenanceOf(artifact)));
  const manifest: ManifestFile = {
    schema: 'sealift.manifest/1',
    product: 'gateway',
    version,
    securityEpoch: 1,
    hardwareIds: ['rpi4'],
    class: 'functional',
    artifacts: [
      {
        component: 'rootfs',
        installer: 'archive',
        fileName: 'artifact.tar',
        mediaType: TAR,
        ...named(artifact),
      },
    ],
    sbom: { mediaType: CYCLONE_DX, ...named(sbom) },
    attestations: [{ predicateType: SLSA, ...named(provenance) }],
    ...change,
  };
  const blobs = [
    { mediaType: TAR, bytes: artifact },
    { mediaType: CYCLONE_DX, bytes: sbom },
    { mediaType: 'application/vnd.dsse+json', bytes: provenance },
  ];
  return { manifest, blobs };
}

/** Digest and length, as a manifest names a file. */
export function named(bytes: Uint8Array): { readonly sha256: string; readonly length: number } {
  return { sha256: sha256Hex(bytes), length: bytes.length };
}

const TAR = 'application/x-tar';
const CYCLONE_DX = 'application/vnd.cyclonedx+json';
const SLSA = 'https://slsa.dev/provenance/v1';

function cycloneDxOf(version: string): object {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    components: [{ type: 'library', name: 'openssl', version: '3.0.15', 'bom-ref': version }],
  };
}

async function provenanceOf(artifact: Uint8Array): Promise<object> {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'artifact.tar', digest: { sha256: sha256Hex(artifact) } }],
    predicateType: SLSA,
    predicate: {},
  };
  const payload = Buffer.from(JSON.stringify(statement));
  return signDsse(MEDIA_TYPES.statement, payload, [testKey('builder')]);
}
