import { createCipheriv, createDecipheriv } from 'node:crypto';
import * as z from 'zod/mini';
import { isSameSecret, sha256Hex } from '../../shared/crypto/digest.ts';
import { publicHexOf } from '../../shared/crypto/ed25519.ts';
import { ed25519Key, keyMaterial, PublicKeySchema } from '../../shared/crypto/public-key.ts';
import { signerFromSeed, type Signer } from '../../shared/crypto/signer.ts';
import { Sha256 } from '../../shared/metadata/fields.ts';
import { canonicalBytes } from '../../shared/metadata/canonical-json.ts';
import { Failure } from '../failure.ts';

/**
 * The cost of one guess at a passphrase: 128 MiB and about half a second. Literal in the schema, so
 * that a forged file can neither make guessing cheap nor make us spend a gigabyte.
 */
export const SCRYPT = { name: 'scrypt', N: 131_072, r: 8, p: 1 } as const;
const CIPHER = 'aes-256-gcm';

const hexOf = (bytes: number): z.ZodMiniString =>
  z.string().check(z.regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`)));

/** What a key is called here: the name of its file. */
export const KeyName = z.string().check(z.regex(/^[a-z0-9][a-z0-9._-]{0,79}$/));

/** What a key is for, in its owner's words; verified metadata decides. */
export const KeyRole = z
  .string()
  .check(z.regex(/^(image-root|image-targets|director-root|product:[a-z0-9._-]+)$/));

const KeyFileSchema = z.strictObject({
  schema: z.literal('sealift.key/1'),
  name: KeyName,
  role: KeyRole,
  createdAt: z.iso.datetime(),
  publicKey: PublicKeySchema,
  kdf: z.strictObject({
    name: z.literal(SCRYPT.name),
    N: z.literal(SCRYPT.N),
    r: z.literal(SCRYPT.r),
    p: z.literal(SCRYPT.p),
    salt: hexOf(32),
  }),
  sealed: z.strictObject({
    cipher: z.literal(CIPHER),
    nonce: hexOf(12),
    seed: hexOf(32),
    tag: hexOf(16),
  }),
  /** Of everything above: tells a damaged file from a wrong passphrase. It protects nothing. */
  checksum: Sha256,
});

/** A private key at rest: everybody may read its head, only the passphrase opens its seed. */
export type KeyFile = Readonly<z.infer<typeof KeyFileSchema>>;

/** What a key is for, before it is sealed. */
export type KeyHead = Pick<KeyFile, 'name' | 'role' | 'createdAt'>;

/** The secret that a passphrase and a salt give; see vault.ts. */
export interface SealingKey {
  readonly secret: Uint8Array;
  readonly salt: string;
}

/** Seals a seed. The head is bound to it (AAD): a key cannot be passed off as another role's. */
export function sealKey(
  head: KeyHead,
  seed: Uint8Array,
  { secret, salt }: SealingKey,
  nonce: Uint8Array,
): KeyFile {
  const publicPart = publicPartOf({
    schema: 'sealift.key/1',
    ...head,
    publicKey: ed25519Key(publicHexOf(seed)),
    kdf: { ...SCRYPT, salt },
  });
  const cipher = createCipheriv(CIPHER, secret, nonce);
  cipher.setAAD(canonicalBytes(publicPart));
  const hidden = Buffer.concat([cipher.update(seed), cipher.final()]);
  const sealed = {
    cipher: CIPHER,
    nonce: Buffer.from(nonce).toString('hex'),
    seed: hidden.toString('hex'),
    tag: cipher.getAuthTag().toString('hex'),
  } as const;
  const whole = { ...publicPart, sealed };
  return { ...whole, checksum: sha256Hex(canonicalBytes(whole)) };
}

/** Reads a key file. `path` is for the sentence only. */
export function parseKeyFile(path: string, bytes: Uint8Array): KeyFile {
  const parsed = KeyFileSchema.safeParse(parseJson(path, bytes));
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
    throw damaged(path, at === '' ? 'it is not a key file' : `${at} is not what it must be`);
  }
  const { checksum, ...whole } = parsed.data;
  if (sha256Hex(canonicalBytes(whole)) !== checksum) throw damaged(path, 'its checksum is wrong');
  return parsed.data;
}

/** The bytes of a key file. */
export function keyFileBytes(file: KeyFile): Uint8Array {
  return Buffer.from(`${JSON.stringify(file, null, 2)}\n`, 'utf8');
}

/** Opens a key with the secret of its passphrase, or fails with `wrong_passphrase`. */
export function openKey(file: KeyFile, secret: Uint8Array): Signer {
  const { sealed } = file;
  const decipher = createDecipheriv(CIPHER, secret, Buffer.from(sealed.nonce, 'hex'));
  decipher.setAAD(canonicalBytes(publicPartOf(file)));
  decipher.setAuthTag(Buffer.from(sealed.tag, 'hex'));
  const signer = signerFromSeed(finish(decipher, file));
  if (!isSameSecret(keyMaterial(signer.publicKey), keyMaterial(file.publicKey))) {
    throw damaged(file.name, 'its public key is not of its private key');
  }
  return signer;
}

type PublicPart = Omit<KeyFile, 'sealed' | 'checksum'>;

/** Everything but the secret: what the secret is bound to. */
function publicPartOf({ schema, name, role, createdAt, publicKey, kdf }: PublicPart): PublicPart {
  return { schema, name, role, createdAt, publicKey, kdf };
}

function finish(decipher: ReturnType<typeof createDecipheriv>, file: KeyFile): Uint8Array {
  try {
    return Buffer.concat([decipher.update(Buffer.from(file.sealed.seed, 'hex')), decipher.final()]);
  } catch {
    // No cause: OpenSSL's words say nothing more, and nothing near a key should be printed.
    throw new Failure('wrong_passphrase', `the passphrase does not open ${file.name}`);
  }
}

function parseJson(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw damaged(path, 'it is not JSON'); // no cause: a parser quotes what it read
  }
}

function damaged(path: string, why: string): Failure {
  return new Failure('key_file_damaged', `${path} is damaged: ${why}`);
}
