// One P-256 key can be written in five ways that a platform reads; and there are ways that it must not.
import { createPublicKey, type KeyObject } from 'node:crypto';

const ORDER = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
const PRIME = 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff';
const A = 'ffffffff00000001000000000000000000000000fffffffffffffffffffffffc';
const B = '5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b';
const BASE =
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
  '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5';

const ID_EC_PUBLIC_KEY = hex('06072a8648ce3d0201');
const PRIME256V1 = hex('06082a8648ce3d030107');

/** The key in PEM, in each way that says the same. */
export function sameKeyAsPem(key: KeyObject): Readonly<Record<string, string>> {
  const point = pointOf(key);
  const x = point.subarray(1, 33);
  const odd = (point.at(-1) ?? 0) & 1;
  return {
    'by name, the point whole': spki(PRIME256V1, point),
    'by name, the point compressed': spki(PRIME256V1, Buffer.concat([Buffer.of(2 + odd), x])),
    'by name, the point hybrid': spki(
      PRIME256V1,
      Buffer.concat([Buffer.of(6 + odd), point.subarray(1)]),
    ),
    'by parameters': spki(parameters(hex(BASE)), point),
    'by parameters without cofactor': spki(parameters(hex(BASE), false), point),
  };
}

/**
 * The key over a curve whose base point is the key itself: whoever writes that knows its secret, 1.
 * (A Windows of 2020 believed it, CVE-2020-0601.)
 */
export function keyOverItsOwnCurve(key: KeyObject): string {
  const point = pointOf(key);
  return spki(parameters(point), point);
}

/** The key with a point that is not on the curve. */
export function keyOffTheCurve(key: KeyObject): string {
  const point = Buffer.from(pointOf(key));
  point[64] = (point[64] ?? 0) ^ 1;
  return spki(PRIME256V1, point);
}

/** The uncompressed point of a P-256 key. */
export function pointOf(key: KeyObject): Buffer {
  return createPublicKey(key.export({ type: 'spki', format: 'pem' }))
    .export({ type: 'spki', format: 'der' })
    .subarray(26);
}

/** A DER element. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag, ...lengthOf(content.length)), content]);
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function parameters(base: Buffer, withCofactor = true): Buffer {
  return der(
    0x30,
    hex('020101'),
    der(0x30, hex('06072a8648ce3d0101'), der(2, hex(`00${PRIME}`))),
    der(0x30, der(4, hex(A)), der(4, hex(B))),
    der(4, base),
    der(2, hex(`00${ORDER}`)),
    ...(withCofactor ? [hex('020101')] : []),
  );
}

function spki(curve: Buffer, point: Buffer): string {
  const bytes = der(0x30, der(0x30, ID_EC_PUBLIC_KEY, curve), der(3, Buffer.of(0), point));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n');
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
