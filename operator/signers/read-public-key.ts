import { createPublicKey, type KeyObject } from 'node:crypto';
import { ed25519Key, PublicKeySchema, type PublicKey } from '../../shared/crypto/public-key.ts';
import { Failure } from '../failure.ts';

const SPKI_PREFIX_BYTES = { ed25519: 12 } as const;

/** A public key as signers give it, SPKI in PEM or DER, as TUF writes it. `from` is for the sentence. */
export function readPublicKey(from: string, spki: string | Uint8Array): PublicKey {
  const key = parse(from, spki);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') {
    const der = key.export({ type: 'spki', format: 'der' });
    return rawEd25519Key(from, der.subarray(SPKI_PREFIX_BYTES.ed25519));
  }
  if (type !== 'ec' || details?.namedCurve !== 'prime256v1') {
    throw unfit(from, `${type ?? 'unknown'} ${details?.namedCurve ?? ''}`.trim());
  }
  // Exported anew: one way to write a key gives it one key id, whoever wrote it before.
  const pem = key.export({ type: 'spki', format: 'pem' }).toString();
  return { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
}

/** An Ed25519 key as 32 bytes. */
export function rawEd25519Key(from: string, bytes: Uint8Array): PublicKey {
  const key = PublicKeySchema.safeParse(ed25519Key(Buffer.from(bytes).toString('hex')));
  if (key.success) return key.data;
  throw unfit(from, 'bytes that are no point of Ed25519');
}

/** What to say about a key that our roles cannot have. */
export function unfit(from: string, what: string): Failure {
  return new Failure('signer_key_unfit', `${from} has a key that cannot sign here: ${what}`);
}

function parse(from: string, spki: string | Uint8Array): KeyObject {
  try {
    if (typeof spki !== 'string') {
      return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    }
    // The platform would take a private key too, and we would have read one.
    if (spki.trimStart().startsWith('-----BEGIN PUBLIC KEY-----')) return createPublicKey(spki);
  } catch {
    // No cause: it could quote what it read.
  }
  throw unfit(from, 'what it gave is not a public key (SPKI)');
}
