import { constants, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ForeignKeySchema } from '../../shared/crypto/foreign-key.ts';
import { isSignedBy } from '../../shared/crypto/is-signed-by.ts';
import { keyMaterial, PublicKeySchema } from '../../shared/crypto/public-key.ts';
import { FOREIGN_KINDS, foreignKey, foreignSigner } from '../support/foreign-signer.ts';

const message = Buffer.from('message');

describe.each(FOREIGN_KINDS)('a key that others write as %s', (kind) => {
  test('signs, and only what it signed', async () => {
    const signer = foreignSigner(kind);
    const key = ForeignKeySchema.parse(signer.publicKey);
    const signature = await signer.sign(message);

    expect(isSignedBy(key, message, signature)).toBe(true);
    expect(isSignedBy(key, Buffer.from('other'), signature)).toBe(false);
    expect(isSignedBy(key, message, signature.subarray(1))).toBe(false);
    expect(isSignedBy(key, message, new Uint8Array())).toBe(false);
  });
});

test('our own repositories know neither RSA nor bare points', () => {
  const accepted = FOREIGN_KINDS.filter(
    (kind) => PublicKeySchema.safeParse(foreignSigner(kind).publicKey).success,
  );

  expect(accepted).toEqual(['ecdsa pem', 'ecdsa-sha2-nistp256 pem']);
});

test('one point in three spellings is one key', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const written = FOREIGN_KINDS.slice(1).map((kind) => keyMaterial(foreignKey(kind, publicKey)));

  expect(new Set(written).size).toBe(1);
});

describe('RSA', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const key = foreignKey('rsa', publicKey);

  test.each([
    ['of the digest', constants.RSA_PSS_SALTLEN_DIGEST],
    ['of the longest that fits', constants.RSA_PSS_SALTLEN_MAX_SIGN],
    ['of none', 0],
  ])('counts with a salt %s', (_length, saltLength) => {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const signature = sign('sha256', message, { key: privateKey, padding, saltLength });

    expect(isSignedBy(key, message, signature)).toBe(true);
  });

  test('does not count with the older padding, nor with another digest', () => {
    const padding = constants.RSA_PKCS1_PSS_PADDING;

    expect(isSignedBy(key, message, sign('sha256', message, privateKey))).toBe(false);
    expect(isSignedBy(key, message, sign('sha512', message, { key: privateKey, padding }))).toBe(
      false,
    );
  });

  test.each([
    ['of 1,024 bits', { modulusLength: 1_024 }],
    ['with exponent 3', { modulusLength: 2_048, publicExponent: 3 }],
  ])('is no key %s', (_what, weak) => {
    const key = foreignKey('rsa', generateKeyPairSync('rsa', weak).publicKey);

    expect(ForeignKeySchema.safeParse(key).success).toBe(false);
  });
});

test('a key is only what its type says', () => {
  const p256 = foreignSigner('ecdsa pem').publicKey.keyval;
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  const ecdsa = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256' };
  const rsa = { keytype: 'rsa', scheme: 'rsassa-pss-sha256' };
  const isKey = (key: object): boolean => ForeignKeySchema.safeParse(key).success;

  expect(isKey({ ...ecdsa, keyval: p256 })).toBe(true);
  expect(isKey({ ...rsa, keyval: p256 })).toBe(false);
  expect(isKey({ ...ecdsa, keyval: foreignSigner('rsa').publicKey.keyval })).toBe(false);
  expect(isKey(foreignKey('ecdsa pem', p384))).toBe(false);
  expect(isKey({ ...ecdsa, keyval: { public: `04${'0'.repeat(128)}` } })).toBe(false); // off the curve
  expect(isKey({ ...ecdsa, scheme: 'ecdsa-sha2-nistp384', keyval: p256 })).toBe(false);
});
