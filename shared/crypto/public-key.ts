import { createPublicKey } from 'node:crypto';
import * as z from 'zod/mini';
import { canonicalBytes } from '../metadata/canonical-json.ts';
import { sha256Hex } from './digest.ts';
import { isUsableEd25519Key } from './ed25519.ts';

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
    public: z.string().check(z.maxLength(1_024), z.refine(isP256, 'not a P-256 key in PEM')),
  }),
});

/** A TUF key (TUF 4.3 KEY). What parses is a real curve point that nobody can forge under. */
export const PublicKeySchema = z.union([ed25519, ecdsaP256]);
export type PublicKey = Readonly<z.infer<typeof PublicKeySchema>>;

/** The TUF key object of an Ed25519 public key in hex, with no extra field, so its id is stable. */
export function ed25519Key(publicHex: string): PublicKey {
  return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex } };
}

/** TUF 4.3 KEYID: SHA-256 over the canonical form of the key object. */
export function keyIdOf(key: PublicKey): string {
  return sha256Hex(canonicalBytes(key));
}

/**
 * What a threshold counts (TAP 12): the key itself, not its id nor the object around it. One key
 * under two ids, in two encodings or with an extra field is still one key.
 */
export function keyMaterial(key: PublicKey): string {
  if (key.keytype === 'ed25519') return `ed25519:${key.keyval.public}`;
  const der = createPublicKey(key.keyval.public).export({ type: 'spki', format: 'der' });
  return `p256:${der.toString('hex')}`;
}

function isP256(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false; // not a key at all: the schema turns this into a refusal with a sentence
  }
}
