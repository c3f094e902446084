import { expect, test } from 'vitest';
import { readRange } from '../../../server/blobs/byte-range.ts';

const whole = { kind: 'whole' };
const unsatisfiable = { kind: 'unsatisfiable' };
const part = (start: number, end: number): object => ({ kind: 'part', start, end });

test.each([
  [undefined, 100, whole],
  ['bytes=0-0', 100, part(0, 0)],
  ['bytes=0-', 100, part(0, 99)],
  ['bytes=10-19', 100, part(10, 19)],
  ['bytes=99-', 100, part(99, 99)],
  ['bytes=90-1000', 100, part(90, 99)],
  ['bytes=-1', 100, part(99, 99)],
  ['bytes=-1000', 100, part(0, 99)],
  ['bytes=100-', 100, unsatisfiable],
  ['bytes=100-200', 100, unsatisfiable],
  ['bytes=-0', 100, unsatisfiable],
  ['bytes=0-', 0, unsatisfiable],
  ['bytes=-5', 0, unsatisfiable],
  // What we do not understand is answered with the whole file (RFC 9110 14.2).
  ['bytes=20-10', 100, whole],
  ['bytes=-', 100, whole],
  ['bytes=0-1,5-9', 100, whole],
  ['lines=0-1', 100, whole],
  ['bytes=1.5-2', 100, whole],
  ['bytes=99999999999999999999-', 100, whole],
])('%s of %i bytes', (header, length, expected) => {
  expect(readRange(header, length)).toEqual(expected);
});
