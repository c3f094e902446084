import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Failure } from '../failure.ts';
import { unreadable } from '../workspace/read-file.ts';
import { kindOf, mediaTypeOf, SNIFFED_BYTES, type ArtifactKind } from './media-type.ts';
import { readArchive } from './read-archive.ts';

/** How the device takes the artifact. */
export type InstallerChoice = 'archive' | 'image';

/** An artifact as its bytes are. */
export interface ReadArtifact {
  readonly path: string;
  readonly installer: InstallerChoice;
  readonly mediaType: string;
  readonly length: number;
  readonly sha256: string;
  readonly installedSha256: string | undefined;
}

/** Told how far reading got. */
export type Progress = (doneBytes: number, totalBytes: number) => void;

/**
 * Reads an artifact once, in pieces, whatever its size: its hash, and what will stand on the device.
 * One pass for both, so that they are about the same bytes.
 */
export async function readArtifact(
  path: string,
  installer: InstallerChoice,
  progress: Progress,
): Promise<ReadArtifact> {
  try {
    const kind = await sniff(path);
    refuseUnpackable(path, kind, installer);
    const { treeSha256, ...read } = await digestsOf(path, installer, progress);
    const installedSha256 = treeSha256 ?? rawImageDigest(kind, read.sha256);
    return { path, installer, mediaType: mediaTypeOf(kind), ...read, installedSha256 };
  } catch (cause) {
    throw cause instanceof Failure ? cause : unreadable(path, cause);
  }
}

function refuseUnpackable(path: string, kind: ArtifactKind, installer: InstallerChoice): void {
  if (installer === 'archive' && (kind === 'xz' || kind === 'zstd')) {
    throw new Failure(
      'archive_refused',
      `${path} is packed with ${kind}; devices unpack gzip only`,
    );
  }
}

/** A raw image stands on the device as it is; of a packed one only the device knows the digest. */
function rawImageDigest(kind: ArtifactKind, sha256: string): string | undefined {
  return kind === 'other' || kind === 'tar' ? sha256 : undefined;
}

async function digestsOf(
  path: string,
  installer: InstallerChoice,
  progress: Progress,
): Promise<{ length: number; sha256: string; treeSha256: string | undefined }> {
  const { size } = await stat(path);
  const archive = installer === 'archive' ? readArchive() : undefined;
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
    const bytes = chunk as Buffer;
    hash.update(bytes);
    length += bytes.length;
    await archive?.write(bytes);
    progress(length, size);
  }
  return { length, sha256: hash.digest('hex'), treeSha256: await archive?.finish() };
}

async function sniff(path: string): Promise<ArtifactKind> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
    return kindOf(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}
