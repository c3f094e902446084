import { sha256Hex } from '../../../shared/crypto/digest.ts';
import type { SigningEvent } from '../../../shared/ceremony/event.ts';
import { ManifestSchema, type Manifest } from '../../../shared/release/manifest.ts';
import { manifestPath } from '../../../shared/release/names.ts';
import { Failure } from '../../failure.ts';
import { change, danger, type Finding } from './finding.ts';
import type { OfferedFile } from './read-event.ts';
import type { Standing } from './standing.ts';

/** What comes with an event besides its files: manifests of releases, boards of products. */
export function describeManifests(
  { manifests, products }: Pick<SigningEvent, 'manifests' | 'products'>,
  files: readonly OfferedFile[],
  standing: Standing,
): readonly Finding[] {
  const added = addedReleases(files, standing);
  const shown = manifests.map((text) => readManifest(text, added));
  const paths = new Set(shown.map(({ product, version }) => manifestPath(product, version)));
  return [
    ...products.map(({ product, hardwareIds }) =>
      change(`product ${product}: runs on ${hardwareIds.join(', ')}`),
    ),
    ...shown.flatMap(describeManifest),
    ...[...added.keys()]
      .filter((path) => !paths.has(path))
      .map((path) => danger(`${path}: IS ADDED WITHOUT ITS MANIFEST`)),
  ];
}

/** Paths that are new in the event, with the hash that would be signed. */
function addedReleases(
  files: readonly OfferedFile[],
  { products }: Standing,
): ReadonlyMap<string, string | undefined> {
  const added = files.flatMap((file) => {
    if (file.kind !== 'targets') return [];
    const before = products.get(file.role)?.content.targets;
    return [...file.content.targets]
      .filter(([path]) => before?.has(path) !== true)
      .map(([path, { hashes }]) => [path, hashes.sha256] as const);
  });
  return new Map(added);
}

/** A manifest counts only as the bytes that the role would vouch for. */
function readManifest(text: string, added: ReadonlyMap<string, string | undefined>): Manifest {
  const manifest = ManifestSchema.safeParse(jsonOf(text));
  if (!manifest.success) throw new Failure('event_malformed', 'a manifest of it cannot be read');
  const { product, version } = manifest.data;
  if (added.get(manifestPath(product, version)) === sha256Hex(Buffer.from(text, 'utf8'))) {
    return manifest.data;
  }
  throw new Failure(
    'event_misleading',
    `the manifest of ${product} ${version} that is shown is not the one that would be signed`,
  );
}

function describeManifest(manifest: Manifest): readonly Finding[] {
  const { product, version, artifacts, sbom, attestations } = manifest;
  const name = `${product} ${version}`;
  return [
    change(
      `${name}: ${manifest.class}, ${sbom === undefined ? 'no SBOM' : 'with SBOM'}, ${attestations.length} attestation(s)`,
    ),
    ...artifacts.map(({ component, fileName, length, sha256 }) =>
      change(`${name}: ${component} is ${fileName}, ${length} bytes, sha256 ${sha256}`),
    ),
    ...artifacts.flatMap(({ component, restore }) =>
      restore ? [change(`${name}: of ${component} is restored ${JSON.stringify(restore)}`)] : [],
    ),
  ];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema says so
  }
}
