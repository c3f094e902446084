import { ForeignKeySchema } from '../../shared/crypto/foreign-key.ts';
import { isSignedBy } from '../../shared/crypto/is-signed-by.ts';
import { nativePublicKey, nativeVerify } from '../../shared/crypto/native-ed25519.ts';
import { ed25519Key, PublicKeySchema } from '../../shared/crypto/public-key.ts';

/** What was signed, with what, as bytes. */
export interface Signed {
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/** What each of our two engines says of an Ed25519 signature; a key that we refuse signs nothing. */
export function ed25519Verdicts(
  publicHex: string,
  { message, signature }: Signed,
): { readonly noble: boolean; readonly native: boolean } {
  const key = PublicKeySchema.safeParse(ed25519Key(publicHex));
  if (!key.success) return { noble: false, native: false };
  return {
    noble: isSignedBy(key.data, message, signature),
    native: nativeVerify(nativePublicKey(publicHex), message, signature),
  };
}

/** Whether a P-256 signature holds under `publicKey`: PEM, or an uncompressed point in hex. */
export function p256Verdict(publicKey: string, { message, signature }: Signed): boolean {
  const key = ForeignKeySchema.safeParse({
    keytype: 'ecdsa',
    scheme: 'ecdsa-sha2-nistp256',
    keyval: { public: publicKey },
  });
  return key.success && isSignedBy(key.data, message, signature);
}
