import { tarOf } from '../../firmware-fixtures/archive.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { ManifestFile } from '../../shared/release/manifest.ts';
import type { DeviceServer } from './device-server.ts';
import { artifactOf, filesOf, treeOf } from './test-archive.ts';

type ArtifactFile = ManifestFile['artifacts'][number];

/** An artifact and the bytes behind it. */
export interface OfferedArtifact {
  readonly artifact: ArtifactFile;
  readonly bytes: Buffer;
}

/** A small archive of a component, as its author signs it. */
export function archiveOf(component: string, version: string): OfferedArtifact {
  const bytes = tarOf(filesOf(version));
  const artifact = { ...artifactOf(bytes, treeOf(filesOf(version))), component };
  return { artifact, bytes };
}

/** A raw image of a component, as its author signs it. */
export function imageOf(component: string, bytes: Buffer): OfferedArtifact {
  const sha256 = sha256Hex(bytes);
  const artifact: ArtifactFile = {
    component,
    installer: 'image',
    fileName: `${component}.img`,
    mediaType: 'application/octet-stream',
    sha256,
    length: bytes.length,
    installed: { sha256, length: bytes.length },
  };
  return { artifact, bytes };
}

/** Publishes a release of several artifacts and assigns it to the device. */
export function offerArtifacts(
  server: DeviceServer,
  version: string,
  offered: readonly OfferedArtifact[],
): void {
  for (const { artifact, bytes } of offered) server.blobs.set(artifact.sha256, bytes);
  const artifacts = offered.map(({ artifact }) => artifact);
  server.fleet.assign(server.fleet.release(version, { artifacts }));
}
