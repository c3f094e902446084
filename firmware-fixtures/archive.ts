import { Header, Pax } from 'tar';

/** Every time in every fixture archive: a clock would make two builds differ. */
export const ARCHIVE_TIME = new Date('2026-01-01T00:00:00Z');

const BLOCK_BYTES = 512;
/** POSIX: an archive ends with two blocks of zeros. */
export const END_OF_ARCHIVE: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

/** One entry as the header says it; hostile archives say here what no honest packer would. */
export interface TarEntry {
  readonly path: string;
  readonly type: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO';
  readonly mode: number;
  readonly size: number;
  readonly linkpath?: string;
  readonly devmaj?: number;
  readonly devmin?: number;
}

/** A file to pack, in memory. */
export interface ArchiveFile {
  readonly path: string;
  readonly mode: number;
  readonly bytes: Buffer;
}

/**
 * The header blocks of one entry: the same bytes for the same entry, on every machine.
 *
 * Owner and times are fixed; a PAX header goes in front when the plain one is too small for the names.
 */
export function headerBlocks(entry: TarEntry): Buffer {
  const data = { ...entry, uid: 0, gid: 0, uname: '', gname: '', mtime: ARCHIVE_TIME };
  const header = new Header(data);
  const needsPax = header.encode();
  const plain = header.block ?? Buffer.alloc(0);
  if (!needsPax) return plain;
  return Buffer.concat([new Pax({ ...data, uid: 0 }).encode(), plain]);
}

/** Fills the last block of a file: tar counts in blocks. */
export function paddingAfter(sizeBytes: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** One regular file: header, content, padding. */
export function fileBlocks(file: ArchiveFile): Buffer {
  const header = headerBlocks({ ...file, type: 'File', size: file.bytes.length });
  return Buffer.concat([header, file.bytes, paddingAfter(file.bytes.length)]);
}

/** One folder. */
export function directoryBlocks(path: string): Buffer {
  return headerBlocks({ path: `${path}/`, type: 'Directory', mode: 0o755, size: 0 });
}

/** An uncompressed archive of the files and their folders, sorted by name, byte for byte repeatable. */
export function tarOf(files: readonly ArchiveFile[]): Buffer {
  const folders = [...new Set(files.flatMap((file) => foldersAbove(file.path)))];
  const blocks = [
    ...folders.map((path) => ({ path, bytes: directoryBlocks(path) })),
    ...files.map((file) => ({ path: file.path, bytes: fileBlocks(file) })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  return Buffer.concat([...blocks.map(({ bytes }) => bytes), END_OF_ARCHIVE]);
}

/** `a/b/c` lies in `a` and `a/b`. */
function foldersAbove(path: string): readonly string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}
