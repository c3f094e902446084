/** POSIX.1-1988 tar: blocks of this size, one before each file. */
export const BLOCK_BYTES = 512;

const NAME = { at: 0, length: 100 };
const SIZE = { at: 124, length: 12 };
const CHECKSUM = { at: 148, length: 8 };
const TYPE_AT = 156;
const MAGIC = { at: 257, text: 'ustar' };
const PREFIX = { at: 345, length: 155 };
/** What 11 octal digits hold. */
const MAX_FILE_BYTES = 8 ** 11 - 1;

/** What a block of a bundle's archive says comes next. */
export type ArchiveEntry =
  | { readonly kind: 'file'; readonly name: string; readonly length: number }
  | { readonly kind: 'folder' }
  | { readonly kind: 'end' };

/**
 * Reads one header block. Plain files and folders only: a bundle needs no links and no extensions, so
 * whatever else there is comes out as undefined, and the bundle is refused.
 */
export function readArchiveEntry(block: Uint8Array): ArchiveEntry | undefined {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  if (bytes.length !== BLOCK_BYTES) return undefined;
  if (bytes.every((byte) => byte === 0)) return { kind: 'end' };
  const isTar = textOf(bytes, { at: MAGIC.at, length: 5 }) === MAGIC.text;
  const length = octalOf(bytes, SIZE);
  if (!isTar || length === undefined || octalOf(bytes, CHECKSUM) !== checksumOf(bytes)) {
    return undefined;
  }
  return entryOf(bytes, length);
}

function entryOf(bytes: Buffer, length: number): ArchiveEntry | undefined {
  const type = String.fromCharCode(bytes[TYPE_AT] ?? 0);
  if (type === '5') return length === 0 ? { kind: 'folder' } : undefined;
  if (type !== '0' && type !== '\0') return undefined;
  const prefix = textOf(bytes, PREFIX);
  const name = textOf(bytes, NAME);
  return { kind: 'file', name: prefix === '' ? name : `${prefix}/${name}`, length };
}

/** The header block of a file; the same for the same file, whoever writes it and when. */
export function archiveHeader(name: string, length: number): Uint8Array {
  const { prefix, rest } = splitName(name);
  if (length > MAX_FILE_BYTES) throw new Error(`${name} is too long for one file: use a folder`);
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(rest, NAME.at, 'latin1');
  block.write('0000644\0' + '0000000\0' + '0000000\0', 100, 'latin1');
  block.write(`${length.toString(8).padStart(11, '0')}\0`, SIZE.at, 'latin1');
  block.write('00000000000\0', 136, 'latin1');
  block.write('0', TYPE_AT, 'latin1');
  block.write(`${MAGIC.text}\x0000`, MAGIC.at, 'latin1');
  block.write(prefix, PREFIX.at, 'latin1');
  const sum = checksumOf(block).toString(8).padStart(6, '0');
  block.write(`${sum}\0 `, CHECKSUM.at, 'latin1');
  return block;
}

/** How many bytes a file takes in an archive, after its header. */
export function paddedLength(length: number): number {
  return Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
}

function splitName(name: string): { readonly prefix: string; readonly rest: string } {
  if (name.length <= NAME.length) return { prefix: '', rest: name };
  const at = name.lastIndexOf('/', PREFIX.length);
  const rest = name.slice(at + 1);
  if (at <= 0 || rest.length > NAME.length) throw new Error(`${name} is too long for an archive`);
  return { prefix: name.slice(0, at), rest };
}

interface Field {
  readonly at: number;
  readonly length: number;
}

function textOf(block: Buffer, { at, length }: Field): string {
  const text = block.toString('latin1', at, at + length);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function octalOf(block: Buffer, field: Field): number | undefined {
  const text = textOf(block, field).trim();
  return /^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

/** The sum of all bytes, the field itself counted as spaces. */
function checksumOf(block: Buffer): number {
  const { at, length } = CHECKSUM;
  return block.reduce((sum, byte, i) => sum + (i >= at && i < at + length ? 32 : byte), 0);
}
