import type { PublicKey } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import type { KeyHead } from './key-file.ts';

/**
 * A key that this workspace can sign with, wherever its private half lies. Reading it costs nothing
 * and asks for nothing; `open` asks for the passphrase, the token or the service that it needs.
 */
export interface HeldKey {
  readonly name: string;
  /** What it is for in its owner's words. What it may sign, verified metadata says. */
  readonly role: KeyHead['role'];
  readonly createdAt: string;
  readonly publicKey: PublicKey;
  /** `file` for an encrypted key file, else the scheme of its signer: `pkcs11`, `ssh-agent`, … */
  readonly source: string;
  /** Where its signer is, when it is not a key file here. */
  readonly uri?: string;
  /** The file in the keys folder that names it. */
  readonly path: string;
  /** A signer that is known to hold the private half of `publicKey`. */
  readonly open: () => Promise<Signer>;
}
