import { createHash } from 'node:crypto';
import * as noble from '@noble/ed25519';

/** One signature, and whether it counts. */
export interface Ed25519Case {
  readonly name: string;
  readonly publicHex: string;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly isValid: boolean;
}

type Point = InstanceType<typeof noble.Point>;
const { BASE, ZERO } = noble.Point;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;
const NO_SECRET = { nonce: 0n, secret: 0n };
const MESSAGE = Buffer.from('message');

// Any two secret numbers: the signer's, and the nonce of one signature.
const SECRET = numberOf('the secret of a signer') % L;
const NONCE = numberOf('a nonce') % L;
const KEY = BASE.multiply(SECRET);

// A point of order 8; its multiples are all eight points of small order.
const TORSION = noble.Point.fromHex(
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
);

/**
 * The kinds of cases that Wycheproof has for Ed25519, and those on which verifiers are known to
 * differ (small and mixed order, other encodings of a point), each made here by its own arithmetic.
 */
export function ed25519Cases(): readonly Ed25519Case[] {
  const good = sign(encode(BASE.multiply(NONCE)), encode(KEY));
  return [
    row('an honest signature', true, good),
    row('over nothing', true, {
      ...good,
      ...sign(good.r, good.publicKey, { message: Buffer.of() }),
    }),
    row('over 100,000 bytes', true, {
      ...good,
      ...sign(good.r, good.publicKey, { message: Buffer.alloc(100_000, 7) }),
    }),
    row('of another message', false, { ...good, message: Buffer.from('Message') }),
    row('by another key', false, { ...good, publicKey: encode(BASE.multiply(SECRET + 1n)) }),
    row('under the negated key', false, { ...good, publicKey: encode(KEY.negate()) }),
    row('with R negated', false, { ...good, r: encode(BASE.multiply(NONCE).negate()) }),
    row('with S negated', false, { ...good, s: L - good.s }),
    row('with S one too high', false, { ...good, s: good.s + 1n }),
    ...scalarsBeyondTheOrder(good),
    ...lengths(good),
    ...pointsOfSmallOrder(),
    ...otherEncodings(good),
    ...otherSchemes(good.publicKey),
  ];
}

interface Parts {
  readonly publicKey: Uint8Array;
  readonly r: Uint8Array;
  readonly s: bigint;
  readonly message: Uint8Array;
}

/** The same point in the exponent: without the rule S < L, one signature is many. */
function scalarsBeyondTheOrder(good: Parts): readonly Ed25519Case[] {
  const multiples = Array.from({ length: 14 }, (_, n) => BigInt(n + 1));
  const wild = [0n, L, L - 1n, 2n ** 252n, 2n ** 253n, 2n ** 255n, 2n ** 256n - 1n];
  return [
    ...multiples.map((n) => row(`with S + ${n} L`, false, { ...good, s: good.s + n * L })),
    ...wild.map((s) => row(`with S = ${s.toString(16)}`, false, { ...good, s })),
    row('of zeros', false, { ...good, r: new Uint8Array(32), s: 0n }),
    row('of ones', false, { ...good, r: new Uint8Array(32).fill(0xff), s: 2n ** 256n - 1n }),
  ];
}

function lengths(good: Parts): readonly Ed25519Case[] {
  const whole = row('', true, good);
  const { signature } = whole;
  const others: readonly (readonly [string, Uint8Array])[] = [
    ...[0, 1, 31, 32, 63].map((n) => [`cut to ${n} bytes`, signature.subarray(0, n)] as const),
    ['with a byte after it', Buffer.concat([signature, Buffer.of(0)])],
    ['with a byte before it', Buffer.concat([Buffer.of(0), signature])],
    ['twice', Buffer.concat([signature, signature])],
    ['with its halves exchanged', Buffer.concat([signature.slice(32), signature.slice(0, 32)])],
    ['in hex', Buffer.from(Buffer.from(signature).toString('hex'))],
  ];
  return others.map(([name, bytes]) => ({ ...whole, name, isValid: false, signature: bytes }));
}

/**
 * R or the key plus a point of small order. The equation without cofactor does not hold for these and
 * the one with cofactor does: verifiers differ, so ours must say no with both engines.
 */
function pointsOfSmallOrder(): readonly Ed25519Case[] {
  return Array.from({ length: 8 }, (_, n) => multiple(TORSION, n)).flatMap((small, n) => {
    const mixedKey = encode(KEY.add(small));
    const smallKey = encode(small);
    const mixedR = encode(BASE.multiply(NONCE).add(small));
    return [
      row(`with R of mixed order (${n})`, n === 0, sign(mixedR, encode(KEY))),
      row(`with R of small order (${n})`, n === 0, sign(encode(small), encode(KEY), { nonce: 0n })),
      row(`under a key of mixed order (${n})`, n === 0, sign(mixedR, mixedKey)),
      row(`under a key of small order (${n})`, false, sign(encode(ZERO), smallKey, NO_SECRET)),
    ];
  });
}

/** A point has one encoding. y + p and a sign for x = 0 are others, which some decoders take. */
function otherEncodings(good: Parts): readonly Ed25519Case[] {
  const beyond = Array.from({ length: 19 }, (_, y) => littleEndian(P + BigInt(y)));
  const odd = beyond.map((bytes) => bytes.map((byte, at) => (at === 31 ? byte | 0x80 : byte)));
  const zeroX = [1n, P - 1n].map((y) => littleEndian(y + 2n ** 255n));
  return [...beyond, ...odd, ...zeroX, littleEndian(2n), littleEndian(2n ** 256n - 1n)].flatMap(
    (bytes) => {
      const name = Buffer.from(bytes).toString('hex');
      return [
        row(`with R = ${name}`, false, sign(bytes, good.publicKey, { nonce: 0n })),
        row(`under the key ${name}`, false, sign(good.r, bytes)),
        row(`under the key ${name}, forged`, false, { ...good, publicKey: bytes, r: bytes, s: 0n }),
      ];
    },
  );
}

/** RFC 8032 has variants with the same curve; a signature of one is none of another. */
function otherSchemes(publicKey: Uint8Array): readonly Ed25519Case[] {
  const r = encode(BASE.multiply(NONCE));
  const dom2 = (flag: number): Buffer =>
    Buffer.concat([Buffer.from('SigEd25519 no Ed25519 collisions'), Buffer.of(flag, 0)]);
  const signAs = (prefix: Buffer, message: Uint8Array): Parts => {
    const s = (NONCE + reduce(sha512(prefix, r, publicKey, message)) * SECRET) % L;
    return { publicKey, r, s, message: MESSAGE };
  };
  return [
    row('made as Ed25519ctx', false, signAs(dom2(0), MESSAGE)),
    row('made as Ed25519ph', false, signAs(dom2(1), sha512(MESSAGE))),
    row('over the hash of the message', false, signAs(Buffer.of(), sha512(MESSAGE))),
    row('that left out the key', false, {
      publicKey,
      r,
      s: (NONCE + reduce(sha512(r, MESSAGE)) * SECRET) % L,
      message: MESSAGE,
    }),
  ];
}

/** S = nonce + H(R, key, message) * secret: what the holder of `secret` would write. */
function sign(
  r: Uint8Array,
  publicKey: Uint8Array,
  { message = MESSAGE, nonce = NONCE, secret = SECRET }: Signing = {},
): Parts {
  const s = (nonce + reduce(sha512(r, publicKey, message)) * secret) % L;
  return { publicKey, r, s, message };
}

interface Signing {
  readonly message?: Uint8Array;
  readonly nonce?: bigint;
  readonly secret?: bigint;
}

function row(name: string, isValid: boolean, { publicKey, r, s, message }: Parts): Ed25519Case {
  const signature = Buffer.concat([r, littleEndian(s)]);
  return { name, isValid, publicHex: Buffer.from(publicKey).toString('hex'), message, signature };
}

function encode(point: Point): Uint8Array {
  return point.toBytes();
}

function multiple(point: Point, times: number): Point {
  return Array.from({ length: times }).reduce<Point>((sum) => sum.add(point), ZERO);
}

function sha512(...parts: readonly Uint8Array[]): Buffer {
  return createHash('sha512').update(Buffer.concat(parts)).digest();
}

function reduce(hash: Buffer): bigint {
  return BigInt(`0x${Buffer.from(hash).reverse().toString('hex')}`) % L;
}

function numberOf(text: string): bigint {
  return reduce(sha512(Buffer.from(text)));
}

function littleEndian(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}
