import type { PublicKey } from '../../shared/crypto/public-key.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import {
  makeKeyFolder,
  readKeyFolder,
  removeKey,
  writeNextKey,
  type HeldKey,
} from './key-folder.ts';
import type { OnlineRole } from './online-keys.ts';

/**
 * The key of ours for a role that a root names by one of these ids. Without ids, before there is any
 * root, the one of the first start.
 */
export type FindSigner = (role: OnlineRole, named?: readonly string[]) => Signer | undefined;

/** All private keys of this server: those in use, those not named by a root yet, those not any more. */
export interface KeyRing {
  readonly findSigner: FindSigner;
  readonly publicKeys: () => readonly PublicKey[];
  /** The key that a next root should name: one that was never named, made and stored if there is none. */
  readonly nextFor: (role: OnlineRole, wasNamed: (keyId: string) => boolean) => Promise<Signer>;
  /** Removes the private keys that `isOver` says nobody needs any more; answers their ids. */
  readonly retire: (isOver: (keyId: string) => boolean) => Promise<readonly string[]>;
}

/** Finds among keys by role and id: a key never signs for a role that it was not made for. */
export function findAmong(keys: readonly Pick<HeldKey, 'role' | 'signer'>[]): FindSigner {
  return (role, named) =>
    keys.find(
      (key) => key.role === role && (named === undefined || named.includes(key.signer.keyId)),
    )?.signer;
}

/** Opens the folder of keys. It makes none: the first start and {@link KeyRing.nextFor} do. */
export async function openKeyRing(folder: string, newSeed: () => Uint8Array): Promise<KeyRing> {
  await makeKeyFolder(folder);
  let keys = await readKeyFolder(folder);
  let making: Promise<unknown> = Promise.resolve();
  const make = async (role: OnlineRole, wasNamed: (keyId: string) => boolean): Promise<Signer> => {
    const waiting = keys.find((key) => key.role === role && !wasNamed(key.signer.keyId));
    if (waiting !== undefined) return waiting.signer;
    const made = await writeNextKey(folder, role, newSeed());
    keys = [...keys, made];
    return made.signer;
  };
  return {
    findSigner: (role, named) => findAmong(keys)(role, named),
    publicKeys: () => keys.map(({ signer }) => signer.publicKey),
    // One after the other: two that ask at once are told the same key.
    nextFor: (role, wasNamed) => {
      const made = making.then(() => make(role, wasNamed));
      making = made.catch(() => undefined);
      return made;
    },
    retire: async (isOver) => {
      const over = keys.filter(({ signer }) => isOver(signer.keyId));
      keys = keys.filter((key) => !over.includes(key));
      for (const key of over) await removeKey(key);
      return over.map(({ signer }) => signer.keyId);
    },
  };
}
