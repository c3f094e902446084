// P-256 by the book, with bigint: slow, and independent of what it tests.

export const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** A point of the curve; undefined is the point at infinity. */
export type Point = { readonly x: bigint; readonly y: bigint } | undefined;

/** The base point. */
export const G = {
  x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
};

/** `value` in 0 … modulus - 1. */
export function mod(value: bigint, modulus = N): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** 1 / value, by Fermat: both moduli are prime. */
export function inverse(value: bigint, modulus = N): bigint {
  return power(mod(value, modulus), modulus - 2n, modulus);
}

export function add(left: Point, right: Point): Point {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left.x === right.x && mod(left.y + right.y, P) === 0n) return undefined;
  const slope =
    left.x === right.x
      ? (3n * left.x * left.x - 3n) * inverse(2n * left.y, P)
      : (right.y - left.y) * inverse(right.x - left.x, P);
  const x = mod(slope * slope - left.x - right.x, P);
  return { x, y: mod(slope * (left.x - x) - left.y, P) };
}

export function multiply(scalar: bigint, point: Point = G): Point {
  let sum: Point;
  let doubled: Point = point;
  for (let rest = mod(scalar); rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, doubled);
    doubled = add(doubled, doubled);
  }
  return sum;
}

/** The first point whose x is `x` or comes after it. */
export function liftFrom(x: bigint): { readonly x: bigint; readonly y: bigint } {
  for (let candidate = x; ; candidate += 1n) {
    const square = mod(candidate ** 3n - 3n * candidate + B, P);
    const y = power(square, (P + 1n) / 4n, P); // P is 3 mod 4
    if (mod(y * y, P) === square) return { x: candidate, y };
  }
}

/** The point as an uncompressed public key, in hex. */
export function pointHex(point: Point): string {
  if (point === undefined) throw new Error('bug: infinity is no key');
  const digits = (value: bigint): string => value.toString(16).padStart(64, '0');
  return `04${digits(point.x)}${digits(point.y)}`;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
