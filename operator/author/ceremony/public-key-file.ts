import * as z from 'zod/mini';
import { PublicKeySchema, type PublicKey } from '../../../shared/crypto/public-key.ts';
import type { Signer } from '../../../shared/crypto/signer.ts';
import { DsseSchema, isDsseSignedBy, signDsse, unverifiedPayload } from '../../../shared/dsse.ts';
import { Failure } from '../../failure.ts';

const TYPE = 'application/vnd.sealift.public-key+json';

const Statement = z.strictObject({
  schema: z.literal('sealift.public-key/1'),
  name: z.string().check(z.minLength(1), z.maxLength(100)),
  role: z.string().check(z.maxLength(100)),
  publicKey: PublicKeySchema,
});

/** A public key as its owner hands it to others. */
export interface PublicKeyStatement {
  /** What its owner calls it. */
  readonly name: string;
  readonly role: string;
  readonly publicKey: PublicKey;
}

/**
 * A file that shows a public key and that its owner holds the private half: the statement is signed with
 * it. Without the proof somebody could enrol a key that nobody can sign with, or another person's.
 */
export async function publicKeyFile(
  { name, role }: Omit<PublicKeyStatement, 'publicKey'>,
  signer: Signer,
): Promise<Uint8Array> {
  const { publicKey } = signer;
  const statement = { schema: 'sealift.public-key/1', name, role, publicKey };
  const payload = Buffer.from(JSON.stringify(statement), 'utf8');
  const envelope = await signDsse(TYPE, payload, [signer]);
  return Buffer.from(`${JSON.stringify(envelope, null, 2)}\n`, 'utf8');
}

/** The public key in such a file, once its proof has held. `path` is for the sentence only. */
export function readPublicKeyFile(path: string, bytes: Uint8Array): PublicKeyStatement {
  const envelope = DsseSchema.safeParse(jsonOf(bytes));
  if (!envelope.success)
    throw invalid(path, 'it is not a public key as `sealift keys public` writes it');
  const statement = Statement.safeParse(jsonOf(unverifiedPayload(envelope.data)));
  if (!statement.success) throw invalid(path, 'its statement cannot be read');
  if (!isDsseSignedBy(envelope.data, TYPE, [statement.data.publicKey], 1)) {
    throw invalid(path, 'it is not signed with its own key');
  }
  const { name, role, publicKey } = statement.data;
  return { name, role, publicKey };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined; // the schema says so
  }
}

function invalid(path: string, why: string): Failure {
  return new Failure('public_key_invalid', `${path} is refused: ${why}`);
}
