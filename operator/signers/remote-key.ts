import type { PublicKey } from '../../shared/crypto/public-key.ts';
import type { Vault } from '../author/vault.ts';
import type { World } from '../world.ts';

/** A private key that somebody else keeps: it tells its public half and signs. Nothing is believed. */
export interface RemoteKey {
  readonly publicKey: () => Promise<PublicKey>;
  /** A signature over exactly `bytes`: 64 bytes for Ed25519, DER for ECDSA P-256 (SHA-256). */
  readonly sign: (bytes: Uint8Array) => Promise<Uint8Array>;
}

/** What signers take from outside. */
export type SignerWorld = Pick<World, 'env' | 'fetch' | 'now' | 'askSecret' | 'interrupted'> & {
  readonly vault: Pick<Vault, 'open'>;
};

/**
 * How keys of one scheme are reached. `address` is the URI without its scheme. Whatever a person must
 * answer (a PIN) is asked here, so that two keys never ask at the same time while they sign.
 */
export type Scheme = (address: string, world: SignerWorld) => Promise<RemoteKey>;
