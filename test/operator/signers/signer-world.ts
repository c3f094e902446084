import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { SignerWorld } from '../../../operator/signers/remote-key.ts';

/** As long as a real role: what a signer must be able to sign. */
export const MESSAGE = Buffer.alloc(65_536, 'sealift ');

/** A world in which nobody answers and nothing is opened, with what a test adds. */
export function signerWorld(changes: Partial<SignerWorld> = {}): SignerWorld {
  return {
    env: { PATH: process.env['PATH'] },
    fetch,
    now: () => new Date('2026-06-01T12:00:00Z'),
    askSecret: undefined,
    interrupted: new AbortController().signal,
    vault: { open: () => Promise.reject(new Error('bug: no key file is opened here')) },
    ...changes,
  };
}

/** A key pair as services keep them, and its signature in the form that they answer. */
export interface ServiceKey {
  readonly pem: string;
  readonly der: Buffer;
  readonly privateKey: KeyObject;
  readonly sign: (bytes: Uint8Array) => Buffer;
}

/** A fresh P-256 or Ed25519 key. */
export function serviceKey(kind: 'p256' | 'ed25519'): ServiceKey {
  const { publicKey, privateKey } =
    kind === 'p256'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('ed25519');
  return {
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    der: publicKey.export({ type: 'spki', format: 'der' }),
    privateKey,
    sign: (bytes) => sign(kind === 'p256' ? 'sha256' : null, bytes, privateKey),
  };
}
