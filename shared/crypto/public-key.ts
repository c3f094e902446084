import { createPublicKey, type KeyObject } from 'node:crypto';
import * as z from 'zod/mini';
import { canonicalBytes } from '../metadata/canonical-json.ts';
import { sha256Hex } from './digest.ts';
import { isUsableEd25519Key } from './ed25519.ts';

/** An uncompressed P-256 point in hex, and (RFC 5480) the fixed DER that comes before one. */
export const P256_POINT = /^04[0-9a-f]{128}$/;
const P256_SPKI_PREFIX = '3059301306072a8648ce3d020106082a8648ce3d030107034200';

const ed25519 = z.looseObject({
  keytype: z.literal('ed25519'),
  scheme: z.literal('ed25519'),
  keyval: z.looseObject({
    public: z
      .string()
      .check(z.regex(/^[0-9a-f]{64}$/), z.refine(isUsableEd25519Key, 'not a usable Ed25519 point')),
  }),
});

const ecdsaP256 = z.looseObject({
  keytype: z.enum(['ecdsa', 'ecdsa-sha2-nistp256']),
  scheme: z.literal('ecdsa-sha2-nistp256'),
  keyval: z.looseObject({
    public: pem(1_024).check(z.refine(isP256, 'not a P-256 key in PEM')),
  }),
});

/** A TUF key (TUF 4.3 KEY). What parses is a real curve point that nobody can forge under. */
export const PublicKeySchema = z.union([ed25519, ecdsaP256]);
export type PublicKey = Readonly<z.infer<typeof PublicKeySchema>>;

/** RSA-PSS, as some others sign: foreign-key.ts reads it, apart, so that a device does not carry it. */
export interface RsaKey extends Readonly<Record<string, unknown>> {
  readonly keytype: 'rsa';
  readonly scheme: 'rsassa-pss-sha256';
  readonly keyval: { readonly public: string } & Readonly<Record<string, unknown>>;
}
/** Any key that can have signed TUF metadata: one of ours, or of others. */
export type TufKey = PublicKey | RsaKey;

/** The TUF key object of an Ed25519 public key in hex, with no extra field, so its id is stable. */
export function ed25519Key(publicHex: string): PublicKey {
  return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex } };
}

/** TUF 4.3 KEYID: SHA-256 over the canonical form of the key object. */
export function keyIdOf(key: TufKey): string {
  return sha256Hex(canonicalBytes(key));
}

/**
 * What a threshold counts (TAP 12): the key itself, not its id nor the object around it. One key
 * under two ids, in two encodings or with an extra field is still one key.
 *
 * By its numbers, because even the DER of one P-256 key can be written in five ways: the point
 * compressed, whole or hybrid, the curve by name or by its parameters.
 */
export function keyMaterial(key: TufKey): string {
  if (key.keytype === 'ed25519') return `ed25519:${key.keyval.public}`;
  const { x, y, n, e } = keyObjectOf(key).export({ format: 'jwk' });
  return key.keytype === 'rsa' ? `rsa:${n ?? ''}:${e ?? ''}` : `p256:${x ?? ''}:${y ?? ''}`;
}

/** The platform's form of a key that is not Ed25519. */
export function keyObjectOf(key: Exclude<TufKey, { readonly keytype: 'ed25519' }>): KeyObject {
  return readKey(key.keyval.public);
}

/** Nothing but a public key: the platform would read it out of a certificate or private key too. */
export function pem(maxLength: number): z.ZodMiniString {
  return z.string().check(z.maxLength(maxLength), z.startsWith('-----BEGIN PUBLIC KEY-----'));
}

function readKey(text: string): KeyObject {
  if (!P256_POINT.test(text)) return createPublicKey(text);
  const der = Buffer.from(P256_SPKI_PREFIX + text, 'hex');
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

/** Whether it is a key of that curve, in either form of {@link P256_POINT} and PEM. */
export function isP256(text: string): boolean {
  return quietly(() => readKey(text).asymmetricKeyDetails?.namedCurve === 'prime256v1');
}

/** What a check says; no, when the platform cannot even read the key. */
export function quietly(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false; // not a key at all: the schema turns this into a refusal with a sentence
  }
}
