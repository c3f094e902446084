import { keyMaterial } from '../crypto/public-key.ts';
import type { Root } from '../metadata/root.ts';
import { SEALIFT_PROFILE, type Profile } from './profile.ts';
import { Refusal } from './refusal.ts';
import {
  openFile,
  readContent,
  requireOwnKeyIds,
  requireThreshold,
  type VerifiedFile,
} from './signed-file.ts';

/**
 * A root to start from (TUF 5.2): one that came with the device or that it verified before.
 *
 * It must hold by its own keys. Its expiry does not matter: it only has to introduce its successor.
 */
export function acceptFirstRoot(bytes: Uint8Array, profile?: Profile): VerifiedFile<Root> {
  return verifyByItself(bytes, profile);
}

/**
 * The next root, or a {@link Refusal}. Expiry is not checked here: only the last root of the chain
 * must be fresh (TUF 5.3.6, 5.3.10), and {@link requireFresh} is called once the chain has ended.
 */
export function acceptNextRoot(
  bytes: Uint8Array,
  trusted: Root,
  profile?: Profile,
): VerifiedFile<Root> {
  const name = `root v${trusted.version + 1}`;
  const offered = openFile(name, bytes);
  requireThreshold(name, offered, trusted.roles.root, trusted.keys); // TUF 5.3.4: by the old keys
  const next = verifyByItself(bytes, profile); // TUF 5.3.4: and by the new ones
  // TUF 5.3.5: exactly one more. A gap would skip the root that revoked a key.
  if (next.content.version !== trusted.version + 1) {
    throw new Refusal(
      'root_version_wrong',
      `root v${next.content.version} was offered after trusted v${trusted.version}`,
    );
  }
  return next;
}

/** TUF 5.3.11: whether the keys of timestamp or snapshot differ, so that their old versions lose force. */
export function rotatesOnlineKeys(before: Root, after: Root): boolean {
  return (['timestamp', 'snapshot'] as const).some(
    (role) => keysOf(before, role) !== keysOf(after, role),
  );
}

function verifyByItself(bytes: Uint8Array, profile = SEALIFT_PROFILE): VerifiedFile<Root> {
  const offered = openFile('root', bytes);
  // The one file that names its own keys, so it has to be read before its signatures can be checked.
  const root = readContent('root', offered, profile.root);
  requireOwnKeyIds('root', root.content.keys, profile);
  requireThreshold(
    `root v${root.content.version}`,
    offered,
    root.content.roles.root,
    root.content.keys,
  );
  return root;
}

function keysOf(root: Root, role: 'timestamp' | 'snapshot'): string {
  const { keyids, threshold } = root.roles[role];
  const materials = keyids.map((id) => {
    const key = root.keys.get(id);
    return key === undefined ? `unknown:${id}` : keyMaterial(key);
  });
  return JSON.stringify([threshold, materials.sort()]);
}
