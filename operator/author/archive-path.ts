import { Failure } from '../failure.ts';

/** What file systems hold: a name, and a whole path with room for the slot before it. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 3_072;

/**
 * The path of an entry inside the slot, without `./` in front and `/` behind; empty for the slot
 * itself. What is not plain is refused, not made plain: a device does the same.
 */
export function pathInside(path: string): string {
  const inside = withoutLeadingDots(path).replace(/\/+$/, '');
  if (inside === '' && path.startsWith('/')) throw refusedEntry(path, 'is an absolute path');
  if (inside === '' || inside === '.') return '';
  const names = inside.split('/');
  if (names.some((name) => ['', '.', '..'].includes(name)) || inside.includes('\0')) {
    throw refusedEntry(path, 'is not a plain path inside the archive');
  }
  if (Buffer.byteLength(inside) > MAX_PATH_BYTES || names.some(isTooLong)) {
    throw refusedEntry(path, 'is longer than file systems hold');
  }
  return inside;
}

/** The path that a hard link names, in the form of {@link pathInside}. */
export function withoutLeadingDots(path: string): string {
  return path.replace(/^(\.\/+)+/, '');
}

/**
 * Whether a symbolic link at `path` can only ever lead to something inside.
 *
 * `..` may only stand in front: `a/..` is elsewhere when `a` is itself a link, so a path that looks
 * contained need not be.
 */
export function staysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0')) return false;
  if (Buffer.byteLength(target) > MAX_PATH_BYTES) return false;
  const names = target.split('/');
  const down = names.findIndex((name) => name !== '..');
  const ups = down === -1 ? names.length : down;
  const depth = path.split('/').length - 1;
  return ups <= depth && !names.slice(ups).includes('..');
}

/** What an author hears about an entry that a device would refuse. */
export function refusedEntry(path: string, why: string): Failure {
  return new Failure('archive_refused', `${JSON.stringify(path.slice(0, 200))} ${why}`);
}

function isTooLong(name: string): boolean {
  return Buffer.byteLength(name) > MAX_NAME_BYTES;
}
