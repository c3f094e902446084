import { hexDigest } from '../shared/crypto/digest.ts';

/** A licence as CycloneDX has it: an SPDX id, or the name that was found where it has none. */
export type Licence = { readonly id: string } | { readonly name: string };

/** One part of a release, in our words; `location` is where it lies in the archive. */
export interface SbomComponent {
  readonly ref: string;
  readonly type: 'application' | 'data' | 'file' | 'firmware' | 'library';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly supplier: string;
  readonly licences: readonly Licence[];
  readonly hashes: Hashes;
  readonly location?: string;
  /** The refs of the parts that this one needs; without it, none. */
  readonly dependsOn?: readonly string[];
}

export interface Hashes {
  readonly sha256: string;
  readonly sha512: string;
}

/** What the document is about, and when it was written. */
export interface SbomSubject {
  readonly product: string;
  readonly version: string;
  readonly artifact: Hashes;
  readonly timestamp: Date;
}

/** Both digests that the fixtures publish: SHA-256 is what Sealift compares, BSI TR-03183-2 asks for SHA-512. */
export function hashesOf(bytes: Uint8Array): Hashes {
  return { sha256: hexDigest('sha256', bytes), sha512: hexDigest('sha512', bytes) };
}

/** A CycloneDX 1.6 document. The same subject and components give the same bytes. */
export function cycloneDx(subject: SbomSubject, components: readonly SbomComponent[]): object {
  const { product, version, artifact } = subject;
  const root = `${product}@${version}`;
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidFrom(artifact.sha256)}`,
    version: 1,
    metadata: {
      timestamp: subject.timestamp.toISOString(),
      lifecycles: [{ phase: 'build' }],
      tools: { components: [{ type: 'application', name: 'sealift-firmware-fixtures' }] },
      component: {
        'bom-ref': root,
        type: 'firmware',
        name: product,
        version,
        purl: `pkg:generic/${product}@${version}`,
        hashes: hashList(artifact),
      },
      manufacturer: { name: 'Sealift firmware fixtures', url: ['https://sealift.example/'] },
    },
    components: components.map(componentJson),
    dependencies: [
      { ref: root, dependsOn: components.map(({ ref }) => ref) },
      ...components.map(({ ref, dependsOn }) => (dependsOn ? { ref, dependsOn } : { ref })),
    ],
    compositions: [{ aggregate: 'complete', assemblies: [root] }],
  };
}

function componentJson(component: SbomComponent): object {
  const { ref, type, name, version, purl, location } = component;
  return {
    'bom-ref': ref,
    type,
    supplier: { name: component.supplier },
    name,
    version,
    hashes: hashList(component.hashes),
    licenses: component.licences.map((license) => ({ license })),
    purl,
    ...(location === undefined ? {} : { evidence: { occurrences: [{ location }] } }),
  };
}

function hashList({ sha256, sha512 }: Hashes): readonly object[] {
  return [
    { alg: 'SHA-256', content: sha256 },
    { alg: 'SHA-512', content: sha512 },
  ];
}

/** RFC 9562 version 8 (custom): an id that names the artifact and needs no chance. */
function uuidFrom(sha256: string): string {
  const variant = ((Number.parseInt(sha256.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    sha256.slice(0, 8),
    sha256.slice(8, 12),
    `8${sha256.slice(13, 16)}`,
    `${variant}${sha256.slice(17, 20)}`,
    sha256.slice(20, 32),
  ].join('-');
}
