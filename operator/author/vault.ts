import { scrypt } from 'node:crypto';
import type { Signer } from '../../shared/crypto/signer.ts';
import { openKey, SCRYPT, sealKey, type KeyFile, type KeyHead } from './key-file.ts';

/** Seals and opens key files by one passphrase, which it keeps in memory only. */
export interface Vault {
  readonly seal: (head: KeyHead, seed: Uint8Array) => Promise<KeyFile>;
  readonly open: (file: KeyFile) => Promise<Signer>;
}

type Random = (length: number) => Uint8Array;

/**
 * A vault for one command. Its keys share one salt, so that one costly derivation serves all of
 * them: they share the passphrase anyway, and each has its own nonce.
 */
export function vaultOf(passphrase: string, random: Random): Vault {
  const newSalt = Buffer.from(random(32)).toString('hex');
  const derived = new Map<string, Promise<Uint8Array>>();
  const secretFor = (salt: string): Promise<Uint8Array> => {
    const known = derived.get(salt) ?? derive(passphrase, salt);
    derived.set(salt, known);
    return known;
  };
  return {
    seal: async (head, seed) =>
      sealKey(head, seed, { secret: await secretFor(newSalt), salt: newSalt }, random(12)),
    open: async (file) => openKey(file, await secretFor(file.kdf.salt)),
  };
}

/** Where the passphrase comes from: for keys that are there, and for keys that are about to be made. */
export interface PassphraseSource {
  readonly known: () => Promise<string>;
  readonly fresh: () => Promise<string>;
}

/**
 * A vault that asks for its passphrase when it is first needed, and once: a command that signs with
 * a token alone asks for none. New keys get the passphrase of the keys that were opened before.
 */
export function lazyVault({ known, fresh }: PassphraseSource, random: Random): Vault {
  let vault: Promise<Vault> | undefined;
  const vaultBy = async (ask: () => Promise<string>): Promise<Vault> => {
    vault ??= ask().then((passphrase) => vaultOf(passphrase, random));
    return vault;
  };
  return {
    seal: async (head, seed) => (await vaultBy(fresh)).seal(head, seed),
    open: async (file) => (await vaultBy(known)).open(file),
  };
}

function derive(passphrase: string, saltHex: string): Promise<Uint8Array> {
  const { N, r, p } = SCRYPT;
  const maxmem = 256 * N * r; // scrypt needs 128 N r; node wants a little more
  // NFKC: the same words typed on another keyboard are the same passphrase.
  const secret = Buffer.from(passphrase.normalize('NFKC'), 'utf8');
  return new Promise((resolve, reject) => {
    scrypt(secret, Buffer.from(saltHex, 'hex'), 32, { N, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
