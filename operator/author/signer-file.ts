import * as z from 'zod/mini';
import { PublicKeySchema } from '../../shared/crypto/public-key.ts';
import { Failure } from '../failure.ts';
import { KeyName, KeyRole } from './key-file.ts';

const SignerFileSchema = z.strictObject({
  schema: z.literal('sealift.signer/1'),
  name: KeyName,
  role: KeyRole,
  createdAt: z.iso.datetime(),
  /** Where the private half is; see operator/signers. It holds no secret. */
  uri: z.string().check(z.maxLength(4_096)),
  /** The key that was there when it was added: another one is refused. */
  publicKey: PublicKeySchema,
});

/** A key of this workspace whose private half somebody else keeps. */
export type SignerFile = Readonly<z.infer<typeof SignerFileSchema>>;

/** Reads a signer file. `path` is for the sentence only. */
export function parseSignerFile(path: string, bytes: Uint8Array): SignerFile {
  const parsed = SignerFileSchema.safeParse(parseJson(path, bytes));
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  const why = at === '' ? 'it is not a signer file' : `${at} is not what it must be`;
  throw new Failure('key_file_damaged', `${path} is damaged: ${why}`);
}

/** The bytes of a signer file. */
export function signerFileBytes(file: SignerFile): Uint8Array {
  return Buffer.from(`${JSON.stringify(file, null, 2)}\n`, 'utf8');
}

function parseJson(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new Failure('key_file_damaged', `${path} is damaged: it is not JSON`, { cause });
  }
}
