import { Failure } from '../failure.ts';

/** What file systems hold: a name, and a whole path with room for the slot before it. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 3_072;

/** The path of an entry inside the slot, without `./` and trailing `/`; empty for the slot itself. */
export function pathInside(path: string): string {
  if (path.startsWith('/')) throw refused(path, 'is an absolute path');
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw refused(path, 'contains ..');
  if (path.includes('\0')) throw refused(path, 'contains a zero byte');
  const inside = names.join('/');
  if (Buffer.byteLength(inside) > MAX_PATH_BYTES || names.some(isTooLong)) {
    throw refused(path, 'is longer than file systems hold');
  }
  return inside;
}

/**
 * Whether a symbolic link at `path` can only ever lead to something inside.
 *
 * `..` may only stand in front: `a/..` is elsewhere when `a` is itself a link, so a path that looks
 * contained need not be.
 */
export function staysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0')) return false;
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const down = names.findIndex((name) => name !== '..');
  const ups = down === -1 ? names.length : down;
  const depth = path.split('/').length - 1;
  return ups <= depth && !names.slice(ups).includes('..');
}

function isTooLong(name: string): boolean {
  return Buffer.byteLength(name) > MAX_NAME_BYTES;
}

function refused(path: string, why: string): Failure {
  return new Failure('archive_refused', `${JSON.stringify(path.slice(0, 200))} ${why}`);
}
