import { createPublicKey } from 'node:crypto';
import * as z from 'zod/mini';
import { isP256, P256_POINT, pem, PublicKeySchema, quietly } from './public-key.ts';

/** A P-256 key as a bare point, as go-tuf wrote it: the first roots of sigstore have it. */
const ecdsaP256Point = z.looseObject({
  keytype: z.enum(['ecdsa', 'ecdsa-sha2-nistp256']),
  scheme: z.literal('ecdsa-sha2-nistp256'),
  keyval: z.looseObject({
    public: z.string().check(z.regex(P256_POINT), z.refine(isP256, 'not a point of P-256')),
  }),
});

const rsaPss = z.looseObject({
  keytype: z.literal('rsa'),
  scheme: z.literal('rsassa-pss-sha256'),
  keyval: z.looseObject({
    public: pem(4_096).check(z.refine(isStrongRsa, 'not a strong RSA key')),
  }),
});

/** Any key that TUF 4.3 names, in every form that others write: to verify *their* repositories. */
export const ForeignKeySchema = z.union([PublicKeySchema, ecdsaP256Point, rsaPss]);

/** At most 8,192 bits, or one key could keep a device busy for minutes. */
function isStrongRsa(text: string): boolean {
  return quietly(() => {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(text);
    const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {};
    const isStrong = modulusLength >= 2_048 && modulusLength <= 8_192 && publicExponent >= 65_537n;
    return asymmetricKeyType === 'rsa' && isStrong;
  });
}
