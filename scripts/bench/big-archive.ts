import { randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { END_OF_ARCHIVE, headerBlocks } from '../../firmware-fixtures/archive.ts';

const MIB = 1_024 * 1_024;
const FILE_MIB = 10;

/** A release to publish: an archive of about so many MiB of noise, and the smallest honest SBOM. */
export interface BigArchive {
  readonly artifact: string;
  readonly sbom: string;
  readonly bytes: number;
}

/** Writes both into a folder. Noise, because zeros would flatter whoever compresses or skips them. */
export async function writeBigArchive(folder: string, mebibytes: number): Promise<BigArchive> {
  const artifact = join(folder, `${mebibytes}-mib.tar`);
  const sbom = join(folder, 'sbom.cdx.json');
  const files = Math.ceil(mebibytes / FILE_MIB);
  await pipeline(Readable.from(archiveOf(files)), createWriteStream(artifact));
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [] };
  await writeFile(sbom, JSON.stringify(document));
  return { artifact, sbom, bytes: files * (FILE_MIB * MIB + 512) + END_OF_ARCHIVE.length };
}

function* archiveOf(files: number): Generator<Buffer> {
  for (let file = 0; file < files; file += 1) {
    const size = FILE_MIB * MIB; // whole blocks: no padding
    yield headerBlocks({ path: `noise-${file}.bin`, type: 'File', mode: 0o644, size });
    for (let part = 0; part < FILE_MIB; part += 1) yield randomFillSync(Buffer.alloc(MIB));
  }
  yield END_OF_ARCHIVE;
}
