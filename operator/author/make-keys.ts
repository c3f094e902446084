import type { Signer } from '../../shared/crypto/signer.ts';
import { signerFromSeed } from '../../shared/crypto/signer.ts';
import type { KeyFile, KeyHead } from './key-file.ts';
import type { Vault } from './vault.ts';

/** What making keys needs from outside. */
export interface KeyMaking {
  readonly vault: Vault;
  readonly random: (length: number) => Uint8Array;
  readonly now: Date;
}

/** A key that was just made: sealed for the disk, open for the first signature. */
export interface NewKey {
  readonly file: KeyFile;
  readonly signer: Signer;
}

/** One key, `<name>`, or several, `<name>-1` and so on, for one role. Nothing is stored here. */
export async function makeKeys(
  name: string,
  role: KeyHead['role'],
  count: number,
  { vault, random, now }: KeyMaking,
): Promise<readonly NewKey[]> {
  const names = count === 1 ? [name] : Array.from({ length: count }, (_, i) => `${name}-${i + 1}`);
  return Promise.all(
    names.map(async (each) => {
      const seed = random(32);
      const head = { name: each, role, createdAt: now.toISOString() };
      return { file: await vault.seal(head, seed), signer: signerFromSeed(seed) };
    }),
  );
}
