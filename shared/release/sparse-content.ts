import { Refusal } from '../trust/refusal.ts';

/** Takes the stored bytes of a sparse file, and gives them out where they belong. */
export interface SparseContent {
  readonly write: (chunk: Uint8Array) => void;
  /** Fails when bytes are missing. */
  readonly end: () => void;
}

const BLOCK_BYTES = 512;
/** Some 50,000 pieces; more holes than that are an attack or a file better packed whole. */
const MAX_MAP_BYTES = 1_024 * 1_024;
const MAP = /^(?:\d{1,15}\n)+\0*$/;

interface Piece {
  readonly offset: number;
  readonly length: number;
}

/**
 * GNU sparse 1.0: the content begins with a map, decimal numbers a line (how many pieces; offset and
 * length of each), filled up to a whole block; the pieces follow without their holes.
 */
export function sparseContent(
  size: number,
  place: (offset: number, bytes: Uint8Array) => void,
): SparseContent {
  let map = Buffer.alloc(0);
  let pieces: readonly Piece[] | undefined;
  let at = 0; // of pieces
  let taken = 0; // of that piece
  const write = (chunk: Uint8Array): void => {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (pieces === undefined) {
      map = Buffer.concat([map, rest]);
      if (map.length > MAX_MAP_BYTES + rest.length) throw malformed('its map is too long');
      const mapBytes = lengthOfMap(map);
      if (mapBytes === undefined) return;
      pieces = piecesOf(map.subarray(0, mapBytes), size);
      rest = map.subarray(mapBytes);
      map = Buffer.alloc(0);
    }
    while (rest.length > 0) {
      const piece = pieces[at];
      if (piece === undefined) throw malformed('it holds more than its map says');
      const part = rest.subarray(0, piece.length - taken);
      if (part.length > 0) place(piece.offset + taken, part);
      taken += part.length;
      rest = rest.subarray(part.length);
      if (taken < piece.length) continue;
      at += 1;
      taken = 0;
    }
  };
  const end = (): void => {
    const isLeft = pieces?.slice(at).some(({ length }) => length > taken) ?? true;
    if (isLeft) throw malformed('it holds less than its map says');
  };
  return { write, end };
}

/** How long the map is with its padding; undefined while that cannot be told yet. */
function lengthOfMap(bytes: Buffer): number | undefined {
  const first = bytes.indexOf('\n');
  if (first === -1) {
    if (bytes.length > BLOCK_BYTES) throw malformed('it has no map');
    return undefined;
  }
  const count = Number(bytes.toString('latin1', 0, first));
  if (!Number.isSafeInteger(count) || count * 4 > MAX_MAP_BYTES) throw malformed('it has no map');
  let end = first;
  for (let numbers = 0; numbers < 2 * count; numbers += 1) {
    end = bytes.indexOf('\n', end + 1);
    if (end === -1) return undefined;
  }
  const padded = Math.ceil((end + 1) / BLOCK_BYTES) * BLOCK_BYTES;
  return bytes.length < padded ? undefined : padded;
}

/** The pieces of a map: one behind the other, none beyond the end. */
function piecesOf(map: Buffer, size: number): readonly Piece[] {
  const text = map.toString('latin1');
  if (!MAP.test(text)) throw malformed('its map is not of numbers');
  const [, ...numbers] = text.replace(/\0+$/, '').trimEnd().split('\n').map(Number);
  const pieces: Piece[] = [];
  let end = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    const [offset = 0, length = 0] = [numbers[index], numbers[index + 1]];
    if (offset < end || offset + length > size) throw malformed('its map overlaps or overflows');
    pieces.push({ offset, length });
    end = offset + length;
  }
  return pieces;
}

function malformed(what: string): Refusal {
  return new Refusal('archive_malformed', `a sparse file cannot be read: ${what}`);
}
