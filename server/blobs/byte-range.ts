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
  const [, first, last] = SINGLE_RANGE.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return { kind: 'whole' };
  if (first === '') return suffixOf(Number(last), length);
  return fromTo(Number(first), last === '' ? Infinity : Number(last), length);
}

function fromTo(start: number, last: number, length: number): ByteRange {
  if (last < start) return { kind: 'whole' }; // malformed, so ignored
  if (start >= length) return { kind: 'unsatisfiable' };
  return { kind: 'part', start, end: Math.min(last, length - 1) };
}

function suffixOf(wanted: number, length: number): ByteRange {
  if (wanted === 0 || length === 0) return { kind: 'unsatisfiable' };
  return { kind: 'part', start: Math.max(0, length - wanted), end: length - 1 };
}

// 15 digits are a petabyte and still a safe integer.
const SINGLE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;
