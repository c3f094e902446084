import { createHash } from 'node:crypto';
import {
  add,
  G,
  inverse,
  liftFrom,
  mod,
  multiply,
  N,
  pointHex,
  type Point,
} from './p256-arithmetic.ts';
import { der } from './p256-encodings.ts';

/** One signature, and whether it counts. */
export interface P256Case {
  readonly name: string;
  /** The uncompressed point. */
  readonly publicHex: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly isValid: boolean;
}

const MESSAGE = Buffer.from('message');
const HASH = BigInt(`0x${createHash('sha256').update(MESSAGE).digest('hex')}`);
const SECRET = mod(HASH ** 3n + 5n);
const NONCE = mod(HASH ** 5n + 7n);
const KEY = multiply(SECRET);
const R = mod(multiply(NONCE)?.x ?? 0n);
const S = mod(inverse(NONCE) * (HASH + R * SECRET));

/**
 * The kinds of cases that Wycheproof has for ECDSA over P-256 with SHA-256, made here by our own
 * arithmetic: numbers out of range, DER that is almost DER, and sums of points that have no slope.
 */
export function p256Cases(): readonly P256Case[] {
  return [
    row('an honest signature', true),
    row('with S negated: the second form that ECDSA has', true, { s: N - S }),
    row('with R negated', false, { r: N - R }),
    row('of another message', false, { message: Buffer.from('Message') }),
    row('by another key', false, { key: add(KEY, G) }),
    row('under the negated key', false, { key: KEY && { x: KEY.x, y: P256_PRIME - KEY.y } }),
    ...outOfRange(),
    ...almostDer(),
    ...withoutSlope(),
    ...chosenPoints(),
  ];
}

const P256_PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;

function outOfRange(): readonly P256Case[] {
  const wrong: readonly (readonly [string, bigint, bigint])[] = [
    ...[0n, 1n, -1n, N, N - 1n, N + 1n, P256_PRIME, 2n ** 256n].flatMap((value) => [
      [`with r = ${value}`, value, S] as const,
      [`with s = ${value}`, R, value] as const,
      [`with r = s = ${value}`, value, value] as const,
    ]),
    ['with r + n', R + N, S],
    ['with s + n', R, S + N],
    ['with r - n', R - N, S],
    ['with s - n', R, S - N],
    ['with -r', -R, S],
    ['with -s', R, -S],
    ['with r + 2^256', R + 2n ** 256n, S],
    ['with s + 2^320', R, S + 2n ** 320n],
    ['with r and s exchanged', S, R],
  ];
  return wrong.map(([name, r, s]) => row(name, false, { r, s }));
}

/** BER, and bytes too many or too few: each would be a second signature beside the first. */
function almostDer(): readonly P256Case[] {
  const [r, s] = [integer(R), integer(S)];
  const good = der(0x30, r, s);
  const body = good.subarray(2);
  const minimal = Buffer.from(R.toString(16).padStart(64, '0'), 'hex');
  const encodings: Readonly<Record<string, Uint8Array>> = {
    'with nothing in it': Buffer.of(),
    'with an empty sequence': der(0x30),
    'with r alone': der(0x30, r),
    'with s missing its value': der(0x30, r, Buffer.of(2, 0)),
    'with three numbers': der(0x30, r, s, s),
    'with a null at the end': der(0x30, r, s, Buffer.of(5, 0)),
    'with a byte after it': Buffer.concat([good, Buffer.of(0)]),
    'with a byte after it, counted': Buffer.concat([
      Buffer.of(0x30, body.length + 1),
      body,
      Buffer.of(0),
    ]),
    'with a byte before it': Buffer.concat([Buffer.of(0), good]),
    'cut by one byte': good.subarray(0, -1),
    'cut by one byte, counted': der(0x30, body.subarray(0, -1)),
    'with its length one too high': Buffer.concat([Buffer.of(0x30, body.length + 1), body]),
    'with its length one too low': Buffer.concat([Buffer.of(0x30, body.length - 1), body]),
    'with its length in long form': Buffer.concat([Buffer.of(0x30, 0x81, body.length), body]),
    'with its length in longer form': Buffer.concat([Buffer.of(0x30, 0x82, 0, body.length), body]),
    'with a length that overflows': Buffer.concat([
      Buffer.of(0x30, 0x85, 1, 0, 0, 0, body.length),
      body,
    ]),
    'with no length': Buffer.concat([Buffer.of(0x30, 0x80), body, Buffer.of(0, 0)]),
    'with a zero before r': der(0x30, der(2, Buffer.of(0), r.subarray(2)), s),
    'with a zero before s': der(0x30, r, der(2, Buffer.of(0), s.subarray(2))),
    'with r as an octet string': der(0x30, der(4, r.subarray(2)), s),
    'with s as a bit string': der(0x30, r, der(3, s.subarray(2))),
    'with r as a boolean': der(0x30, der(1, Buffer.of(0xff)), s),
    'with s as a real number': der(0x30, r, der(9, Buffer.of(0x80, 0xfe, 1))),
    'as a set': der(0x31, r, s),
    'as a string': der(4, r, s),
    'as two bare numbers (P1363)': Buffer.concat([minimal, minimal]),
    'in hex': Buffer.from(good.toString('hex')),
  };
  return Object.entries(encodings).map(([name, signature]) => ({
    ...row(name, false),
    signature,
  }));
}

/** The verifier adds u1 G and u2 Q. When these are equal or opposite, the usual formula divides by 0. */
function withoutSlope(): readonly P256Case[] {
  // With secret = hash / r, u1 G = u2 Q; the nonce then has to be 2 hash / s.
  const twice = mod(2n * HASH * inverse(NONCE));
  const same = { r: R, s: twice, key: multiply(HASH * inverse(R)) };
  const opposite = { r: R, s: S, key: multiply(-HASH * inverse(R)) };
  return [
    row('whose two points are the same', true, same),
    row('whose two points cancel out', false, opposite),
    row('under the base point as key', true, { ...signBy(1n), key: G }),
    row('under the negated base point', true, { ...signBy(N - 1n), key: multiply(N - 1n) }),
  ];
}

/** Keys made to fit a chosen r and s: Q = (s R - hash G) / r. */
function chosenPoints(): readonly P256Case[] {
  const small = liftFrom(1n);
  const beyond = liftFrom(N);
  const fit = (name: string, point: Point, s: bigint): readonly P256Case[] => {
    const r = mod(point?.x ?? 0n);
    const key = multiply(inverse(r), add(multiply(s, point), multiply(-HASH)));
    return [
      row(`${name}, s = ${s}`, true, { r, s, key }),
      row(`${name}, s = ${s} + 1`, false, { r, s: s + 1n, key }),
    ];
  };
  const scalars = [1n, 2n, N - 1n, 2n ** 255n, inverse(2n), 2n ** 128n - 1n];
  const past = fit('with a point whose x is past n', beyond, 3n);
  const unreduced = past[0] && { ...past[0], name: 'with that x not reduced', isValid: false };
  return [
    ...scalars.flatMap((s) => fit('with a small r', small, s)),
    ...past,
    ...(unreduced ? [{ ...unreduced, signature: encode(beyond.x, 3n) }] : []),
    ...fit('with the base point as R', G, 5n),
  ];
}

function signBy(secret: bigint): { readonly r: bigint; readonly s: bigint } {
  return { r: R, s: mod(inverse(NONCE) * (HASH + R * secret)) };
}

interface Parts {
  readonly r?: bigint;
  readonly s?: bigint;
  readonly key?: Point;
  readonly message?: Uint8Array;
}

function row(
  name: string,
  isValid: boolean,
  { r = R, s = S, key = KEY, message = MESSAGE }: Parts = {},
): P256Case {
  return { name, isValid, publicHex: pointHex(key), message, signature: encode(r, s) };
}

function encode(r: bigint, s: bigint): Uint8Array {
  return der(0x30, integer(r), integer(s));
}

/** The shortest two's complement, as DER wants it. */
function integer(value: bigint): Buffer {
  let bytes = 1;
  while (BigInt.asIntN(8 * bytes, value) !== value) bytes += 1;
  const digits = BigInt.asUintN(8 * bytes, value)
    .toString(16)
    .padStart(2 * bytes, '0');
  return der(2, Buffer.from(digits, 'hex'));
}
