import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { keyIdOf, type PublicKey, type TufKey } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';

/** How other tools write their keys: python-tuf and tuf-on-ci in PEM, go-tuf a point in hex. */
export const FOREIGN_KINDS = [
  'rsa',
  'ecdsa pem',
  'ecdsa-sha2-nistp256 pem',
  'ecdsa-sha2-nistp256 hex',
] as const;
export type ForeignKind = (typeof FOREIGN_KINDS)[number];

/** A signer with a key of this kind, and the key pair behind it. */
export function foreignSigner(kind: ForeignKind): Signer & { readonly privateKey: KeyObject } {
  const rsa = kind === 'rsa';
  const { privateKey, publicKey } = rsa
    ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = foreignKey(kind, publicKey);
  return {
    privateKey,
    keyId: keyIdOf(key),
    publicKey: key as PublicKey, // a signer of ours never is one of these
    sign: onceFor((bytes) =>
      rsa
        ? sign('sha256', bytes, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING })
        : sign('sha256', bytes, privateKey),
    ),
  };
}

/** The TUF key object of a public key, as tools of this kind write it. */
export function foreignKey(kind: ForeignKind, publicKey: KeyObject): TufKey {
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
  if (kind === 'rsa') {
    return { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: pem } };
  }
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65).toString('hex');
  const isHex = kind.endsWith('hex');
  return {
    keytype: kind.startsWith('ecdsa-') ? 'ecdsa-sha2-nistp256' : 'ecdsa',
    scheme: 'ecdsa-sha2-nistp256',
    keyval: { public: isHex ? point : pem },
  };
}

/** A signer whose keyid is not the hash of its key, as older tools made them. */
export function underAnotherId(signer: Signer): Signer {
  return { ...signer, keyId: createHash('sha256').update(`another ${signer.keyId}`).digest('hex') };
}

/** These signatures hold chance, and the simulator signs at every fetch: the same bytes, the same. */
function onceFor(signNow: (bytes: Uint8Array) => Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const made = new Map<string, Uint8Array>();
  return (bytes) => {
    const name = createHash('sha256').update(bytes).digest('hex');
    const signature = made.get(name) ?? signNow(bytes);
    made.set(name, signature);
    return signature;
  };
}
