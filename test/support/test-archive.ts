import { tarOf, type ArchiveFile } from '../../firmware-fixtures/archive.ts';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { Artifact, ManifestFile } from '../../shared/release/manifest.ts';
import { treeDigest, type TreeEntry } from '../../shared/release/tree-digest.ts';
import type { DeviceServer } from './device-server.ts';

/** A tar of these files and what an author signs about it. */
export function artifactOf(
  bytes: Buffer,
  installedSha256: string | undefined,
): ManifestFile['artifacts'][number] {
  const artifact: Artifact = {
    component: 'firmware',
    installer: 'archive',
    fileName: 'artifact.tar',
    mediaType: 'application/x-tar',
    length: bytes.length,
    sha256: sha256Hex(bytes),
    ...(installedSha256 === undefined ? {} : { installed: { sha256: installedSha256 } }),
  };
  return artifact;
}

/** The digest of what stands on the device when these files were unpacked. */
export function treeOf(files: readonly ArchiveFile[]): string {
  const folders = new Set(files.flatMap(({ path }) => foldersAbove(path)));
  const entries: TreeEntry[] = [
    ...[...folders].map((path) => ({ kind: 'folder' as const, path, mode: 0o755 })),
    ...files.map(({ path, mode, bytes }) => {
      return { kind: 'file' as const, path, mode, sha256: sha256Hex(bytes) };
    }),
  ];
  return treeDigest(entries);
}

/** One small file that says which release it is, and one that is executable. */
export function filesOf(version: string): readonly ArchiveFile[] {
  return [
    { path: 'bin/run', mode: 0o755, bytes: Buffer.from(`#!/bin/sh\necho ${version}\n`) },
    { path: 'version', mode: 0o644, bytes: Buffer.from(version) },
  ];
}

/** Publishes a release of these files and assigns it to the device. Answers its path. */
export function offerRelease(
  server: DeviceServer,
  version: string,
  changes: Partial<ManifestFile> & { readonly files?: readonly ArchiveFile[] } = {},
): string {
  const { files = filesOf(version), ...manifest } = changes;
  const bytes = tarOf(files);
  server.blobs.set(sha256Hex(bytes), bytes);
  const artifacts = [artifactOf(bytes, treeOf(files))];
  const path = server.fleet.release(version, { artifacts, ...manifest });
  server.fleet.assign(path);
  return path;
}

function foldersAbove(path: string): readonly string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}
