import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { publicHexOf, signEd25519, verifyEd25519 } from '../../shared/crypto/ed25519.ts';
import { isSignedBy } from '../../shared/crypto/is-signed-by.ts';
import {
  nativePrivateKey,
  nativePublicKey,
  nativeSign,
  nativeVerify,
} from '../../shared/crypto/native-ed25519.ts';
import { ed25519Key, keyMaterial, PublicKeySchema } from '../../shared/crypto/public-key.ts';

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');

// RFC 8032 section 7.1, tests 1 to 3 and SHA(abc).
const RFC_8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    key: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message:
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
] as const;

describe.each(RFC_8032)('RFC 8032, message $message', ({ seed, key, message, signature }) => {
  test('both engines make the signature of the standard', () => {
    expect(publicHexOf(hex(seed))).toBe(key);
    expect(signEd25519(hex(seed), hex(message))).toEqual(new Uint8Array(hex(signature)));
    const native = nativeSign(nativePrivateKey(hex(seed)), hex(message));
    expect(Buffer.from(native).toString('hex')).toBe(signature);
  });

  test('both engines accept it, and refuse it over another message', () => {
    const other = Buffer.concat([hex(message), Buffer.of(0)]);
    expect(verifyEd25519(key, hex(message), hex(signature))).toBe(true);
    expect(verifyEd25519(key, other, hex(signature))).toBe(false);
    expect(nativeVerify(nativePublicKey(key), hex(message), hex(signature))).toBe(true);
    expect(nativeVerify(nativePublicKey(key), other, hex(signature))).toBe(false);
  });
});

test('the two engines agree on signatures with any bit flipped', () => {
  const seed = hex(RFC_8032[0].seed);
  const key = publicHexOf(seed);
  const signature = signEd25519(seed, Buffer.from('message'));
  const native = nativePublicKey(key);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 511 }), (bit) => {
      const flipped = Uint8Array.from(signature);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const message = Buffer.from('message');
      expect(verifyEd25519(key, message, flipped)).toBe(false);
      expect(nativeVerify(native, message, flipped)).toBe(false);
    }),
    { numRuns: 60 },
  );
});

// The eight points of small order (and their other encodings): under these, R = identity and S = 0
// "signs" any message for a verifier that is not strict.
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

test.each(SMALL_ORDER)('the small-order key %s is never a key', (point) => {
  const forged = Buffer.concat([Buffer.of(1), Buffer.alloc(63)]);

  expect(PublicKeySchema.safeParse(ed25519Key(point)).success).toBe(false);
  expect(verifyQuietly(point, forged)).toBe(false);
});

test('a real point is a key, a random string is not', () => {
  expect(PublicKeySchema.safeParse(ed25519Key(RFC_8032[0].key)).success).toBe(true);
  expect(PublicKeySchema.safeParse(ed25519Key('f'.repeat(64))).success).toBe(false);
  expect(PublicKeySchema.safeParse(ed25519Key('abc')).success).toBe(false);
});

describe('ECDSA P-256, as hardware signers have it', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const key = PublicKeySchema.parse({
    keytype: 'ecdsa',
    scheme: 'ecdsa-sha2-nistp256',
    keyval: { public: pem },
  });

  test('its signatures count, and nothing else does', () => {
    const message = Buffer.from('message');
    const signature = sign('sha256', message, privateKey);

    expect(isSignedBy(key, message, signature)).toBe(true);
    expect(isSignedBy(key, Buffer.from('other'), signature)).toBe(false);
    expect(isSignedBy(key, message, Buffer.from('not DER'))).toBe(false);
    expect(isSignedBy(key, message, new Uint8Array())).toBe(false);
  });

  test('two ways to write one key are one key', () => {
    const again = PublicKeySchema.parse({
      ...key,
      keyval: { public: `${String(pem).trim()}\n\n` },
    });

    expect(keyMaterial(again)).toBe(keyMaterial(key));
  });

  test('another curve is not accepted under its name', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    const wrong = other.export({ type: 'spki', format: 'pem' });

    expect(
      PublicKeySchema.safeParse({
        keytype: 'ecdsa',
        scheme: 'ecdsa-sha2-nistp256',
        keyval: { public: wrong },
      }).success,
    ).toBe(false);
  });
});

function verifyQuietly(publicHex: string, signature: Uint8Array): boolean {
  try {
    return verifyEd25519(publicHex, Buffer.from('any message'), signature);
  } catch {
    return false;
  }
}
