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

/** Nothing is asked for before a key needs it. */
export function keyOpening(world: World): CommandKeys {
  const passphrase = {
    known: async () => askPassphrase(world),
    fresh: async () => askNewPassphrase(world),
  };
  const vault = lazyVault(passphrase, world.random);
  const signerWorld: SignerWorld = { ...world, vault };
  return { vault, signerWorld, openSigner: async (uri, key) => openSigner(uri, key, signerWorld) };
}
