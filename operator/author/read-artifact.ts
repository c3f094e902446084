import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Installer } from '../../shared/release/manifest.ts';
import type { Restore } from '../../shared/release/restore.ts';
import { compressionOf } from '../../shared/release/compression.ts';
import { Failure } from '../failure.ts';
import { unreadable } from '../workspace/read-file.ts';
import { kindOf, mediaTypeOf, SNIFFED_BYTES, type ArtifactKind } from './media-type.ts';
import { readPackedImage } from './packed-image.ts';
import { readArchive } from './read-archive.ts';

/** How the device takes the artifact. */
export const INSTALLER_CHOICES = ['archive', 'image'] as const;
export type InstallerChoice = (typeof INSTALLER_CHOICES)[number] | `module:${string}`;

/** The installer that a text names, if there is one of that name. */
export function installerNamed(text: string): InstallerChoice | undefined {
  const installer = Installer.safeParse(text);
  return installer.success ? (installer.data as InstallerChoice) : undefined;
}

/** An artifact as its bytes are. */
export interface ReadArtifact {
  readonly path: string;
  readonly installer: InstallerChoice;
  readonly mediaType: string;
  readonly length: number;
  readonly sha256: string;
  readonly installedSha256: string | undefined;
  /** How many bytes an image has unpacked; undefined for an archive, which has no such length. */
  readonly installedLength: number | undefined;
  /** What devices restore of an archive beyond content and mode. */
  readonly restore?: Restore | undefined;
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
  restore?: Restore,
): Promise<ReadArtifact> {
  try {
    const kind = await sniff(path);
    refuseUnpackable(path, kind, installer);
    const mediaType = mediaTypeOf(kind);
    const { installed, ...read } = await digestsOf(
      path,
      readerOf(installer, mediaType, restore),
      progress,
    );
    const standing = installed ?? standingOf(installer, read);
    return {
      path,
      installer,
      mediaType,
      ...read,
      installedSha256: standing?.sha256,
      installedLength: standing?.length,
      restore,
    };
  } catch (cause) {
    throw cause instanceof Failure ? cause : unreadable(path, cause);
  }
}

/** Of what a module makes of its files, nobody here knows. */
function standingOf(
  installer: InstallerChoice,
  { sha256, length }: Pick<ReadArtifact, 'sha256' | 'length'>,
): Standing | undefined {
  return installer === 'image' ? { sha256, length } : undefined;
}

function refuseUnpackable(path: string, kind: ArtifactKind, installer: InstallerChoice): void {
  if (installer === 'archive' && (kind === 'xz' || kind === 'zstd')) {
    throw new Failure(
      'archive_refused',
      `${path} is packed with ${kind}; devices unpack gzip only`,
    );
  }
}

/** What will stand on the device: of an archive a tree, of an image so many bytes. */
interface Standing {
  readonly sha256: string;
  readonly length: number | undefined;
}

interface StandingReader {
  readonly write: (chunk: Uint8Array) => Promise<void>;
  readonly finish: () => Promise<Standing>;
}

/** Reads what has to be unpacked to know what will stand there; a plain image stands as it is. */
function readerOf(
  installer: InstallerChoice,
  mediaType: string,
  restore: Restore | undefined,
): StandingReader | undefined {
  if (installer === 'archive') {
    const { write, finish } = readArchive(restore);
    return { write, finish: async () => ({ sha256: await finish(), length: undefined }) };
  }
  if (installer !== 'image') return undefined;
  const compression = compressionOf(mediaType);
  return compression === 'none' ? undefined : readPackedImage(compression);
}

async function digestsOf(
  path: string,
  reader: StandingReader | undefined,
  progress: Progress,
): Promise<{ length: number; sha256: string; installed: Standing | undefined }> {
  const { size } = await stat(path);
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
    const bytes = chunk as Buffer;
    hash.update(bytes);
    length += bytes.length;
    await reader?.write(bytes);
    progress(length, size);
  }
  return { length, sha256: hash.digest('hex'), installed: await reader?.finish() };
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
