/** Which bytes of a file an answer carries; `end` is the last one. */
export type ByteRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

/**
 * Reads a `Range` header against a file of `length` bytes (RFC 9110 14.1.2). What we do not understand,
 * and several ranges at once, is answered with the whole file, as the RFC allows.
 */
export function readRange(header: string | undefined, length: number): ByteRange {
  const match = header === undefined ? null : SINGLE_RANGE.exec(header);
  const [, first = '', last = ''] = match ?? [];
  if (match === null || (first === '' && last === '')) return { kind: 'whole' };
  if (first === '') return suffixOf(Number(last), length);
  const start = Number(first);
  const end = last === '' ? length - 1 : Math.min(Number(last), length - 1);
  if (last !== '' && Number(last) < start) return { kind: 'whole' }; // malformed, so ignored
  return start >= length ? { kind: 'unsatisfiable' } : { kind: 'part', start, end };
}

function suffixOf(wanted: number, length: number): ByteRange {
  if (wanted === 0 || length === 0) return { kind: 'unsatisfiable' };
  return { kind: 'part', start: Math.max(0, length - wanted), end: length - 1 };
}

// 15 digits are a petabyte and still a safe integer.
const SINGLE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;
