import type { KeyOpening } from '../author/held-key-folder.ts';
import { lazyVault, type Vault } from '../author/vault.ts';
import type { World } from '../world.ts';
import { askNewPassphrase, askPassphrase } from './passphrase.ts';

/** What one command opens keys with, and seals new ones. */
export interface CommandKeys extends KeyOpening {
  readonly vault: Vault;
}

/** Nothing is asked for before a key needs it. */
export function keyOpening(world: World): CommandKeys {
  const passphrase = {
    known: async () => askPassphrase(world),
    fresh: async () => askNewPassphrase(world),
  };
  return { vault: lazyVault(passphrase, world.random) };
}
