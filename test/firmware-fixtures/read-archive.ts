import { list, type ReadEntry } from 'tar';

/** What an archive says of one entry, and the bytes it holds. */
export interface ReadArchiveEntry {
  readonly path: string;
  readonly type: string;
  readonly linkpath: string | undefined;
  readonly mode: number | undefined;
  readonly bytes: Buffer;
}

/** Reads an archive as any tar reader would, without writing anything to disk. */
export async function readArchive(archive: Buffer): Promise<readonly ReadArchiveEntry[]> {
  const reads: Promise<ReadArchiveEntry>[] = [];
  const parser = list({ onReadEntry: (entry) => void reads.push(readEntry(entry)) });
  await new Promise<void>((resolve, reject) => {
    parser.on('end', resolve).on('error', reject);
    parser.end(archive);
  });
  return Promise.all(reads);
}

async function readEntry(entry: ReadEntry): Promise<ReadArchiveEntry> {
  const { path, type, linkpath, mode } = entry;
  return { path, type, linkpath, mode, bytes: await entry.concat() };
}
