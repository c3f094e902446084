import { makeKeyFolder, readFirstKey, writeFirstKey } from './key-folder.ts';
import { byRole, ONLINE_ROLES, type OnlineKeys, type OnlineRole } from './online-keys.ts';
import type { Signer } from '../../shared/crypto/signer.ts';

/**
 * The keys of a server's first start: read, and those that are missing made, readable by the owner only.
 * None of them can make firmware installable (ARCHITECTURE "Trust").
 */
export async function loadOnlineKeys(
  folder: string,
  newSeed: () => Uint8Array,
): Promise<OnlineKeys> {
  await makeKeyFolder(folder);
  const signers = new Map<OnlineRole, Signer>();
  for (const role of ONLINE_ROLES) {
    const key =
      (await readFirstKey(folder, role)) ?? (await writeFirstKey(folder, role, newSeed()));
    signers.set(role, key.signer);
  }
  return byRole((role) => {
    const signer = signers.get(role);
    if (signer === undefined) throw new Error(`bug: no key was made for ${role}`);
    return signer;
  });
}
