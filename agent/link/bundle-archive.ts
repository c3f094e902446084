import type { FileHandle } from 'node:fs/promises';
import { realpath } from 'node:fs/promises';
import {
  BLOCK_BYTES,
  paddedLength,
  readArchiveEntry,
} from '../../shared/protocol/bundle-archive.ts';
import { isBundleName } from '../../shared/protocol/offline-bundle.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { openPlain, type BundleFiles, type Section } from './bundle-files.ts';

/** Far more than a bundle for a thousand devices has. */
export const MAX_ENTRIES = 8_192;

/**
 * A bundle that is one tar file, read where it lies: its headers once, to know where what is, and
 * nothing is unpacked. What it says of itself is held to the file: nothing ends after its end.
 */
export async function bundleArchive(path: string): Promise<BundleFiles> {
  const real = await realpath(path);
  const { file, length } = await openPlain(real);
  try {
    const sections = await indexOf(file, real, length);
    return { find: (name) => Promise.resolve(sections.get(name)) };
  } finally {
    await file.close();
  }
}

async function indexOf(
  file: FileHandle,
  path: string,
  fileBytes: number,
): Promise<ReadonlyMap<string, Section>> {
  const sections = new Map<string, Section>();
  const block = Buffer.alloc(BLOCK_BYTES);
  let at = 0;
  for (let entries = 0; entries < MAX_ENTRIES; entries += 1) {
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, at);
    const entry = readArchiveEntry(block.subarray(0, bytesRead));
    if (entry === undefined) throw malformed(path, `cut, or no plain file, at byte ${at}`);
    if (entry.kind === 'end') return sections;
    at += BLOCK_BYTES;
    if (entry.kind === 'folder') continue;
    const { name, length } = entry;
    if (!isBundleName(name)) throw malformed(path, `an entry leads out of it: ${name}`);
    if (sections.has(name)) throw malformed(path, `${name} is in it twice`);
    if (at + length > fileBytes) throw malformed(path, `${name} is cut`);
    sections.set(name, { path, at, length });
    at += paddedLength(length);
  }
  throw malformed(path, `more than ${MAX_ENTRIES} entries`);
}

function malformed(path: string, what: string): Refusal {
  return new Refusal('bundle_malformed', `${path}: ${what}`);
}
