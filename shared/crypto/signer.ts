import { ENGINE } from './engine.ts';
import { ed25519Key, keyIdOf, type PublicKey } from './public-key.ts';

/** Something that can sign: a key in memory today, a hardware token or a KMS behind the same shape. */
export interface Signer {
  readonly keyId: string;
  readonly publicKey: PublicKey;
  readonly sign: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
}

/** A key in memory. */
export function signerFromSeed(seed: Uint8Array): Signer {
  const publicKey = ed25519Key(ENGINE.publicHexOf(seed));
  return { keyId: keyIdOf(publicKey), publicKey, sign: ENGINE.signWith(seed) };
}
