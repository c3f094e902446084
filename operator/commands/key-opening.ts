import { keyIdOf } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import type { KeyOpening } from '../author/held-key-folder.ts';
import { lazyVault, type Vault } from '../author/vault.ts';
import { openSigner } from '../signers/open-signer.ts';
import type { SignerWorld } from '../signers/remote-key.ts';
import type { World } from '../world.ts';
import { askNewPassphrase, askPassphrase } from './passphrase.ts';

/** What one command opens keys with, and seals new ones. */
export interface CommandKeys extends KeyOpening {
  readonly vault: Vault;
  /** For signers that are not added yet. */
  readonly signerWorld: SignerWorld;
}

/**
 * Nothing is asked for before a key needs it, and nothing twice: a command may sign again, on top of
 * what somebody else published meanwhile.
 */
export function keyOpening(world: World): CommandKeys {
  const passphrase = {
    known: async () => askPassphrase(world),
    fresh: async () => askNewPassphrase(world),
  };
  const vault = lazyVault(passphrase, world.random);
  const signerWorld: SignerWorld = { ...world, vault };
  const opened = new Map<string, Promise<Signer>>();
  const openOnce: KeyOpening['openSigner'] = async (uri, added) => {
    const which = `${keyIdOf(added)} ${uri}`;
    const signer = opened.get(which) ?? openSigner(uri, added, signerWorld);
    opened.set(which, signer);
    return signer;
  };
  return { vault, signerWorld, openSigner: openOnce };
}
