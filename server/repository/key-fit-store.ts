import { keyMaterial, type PublicKey } from '../../shared/crypto/public-key.ts';
import type { Root } from '../../shared/metadata/root.ts';
import { acceptFirstRoot } from '../../shared/trust/root.ts';
import type { Database } from '../database/schema.ts';
import type { OnlinePublicKeys } from '../keys/online-keys.ts';
import { newestFile, type RepositoryName } from './metadata-store.ts';

/**
 * Whether the newest roots name the keys that this server holds; a sentence when they do not. A server
 * that signed with other keys would silence its whole fleet, so it must not start.
 */
export async function keyMisfit(db: Database, keys: OnlinePublicKeys): Promise<string | undefined> {
  return (
    (await misfitOf(db, 'image', keys.image)) ?? (await misfitOf(db, 'director', keys.director))
  );
}

type Held = Partial<Record<'targets' | 'snapshot' | 'timestamp', PublicKey>>;

async function misfitOf(
  db: Database,
  repository: RepositoryName,
  held: Held,
): Promise<string | undefined> {
  const file = await newestFile(db, repository, 'root');
  if (file === undefined) return undefined;
  const root = acceptFirstRoot(file.bytes).content;
  const roles = ['targets', 'snapshot', 'timestamp'] as const;
  const misfit = roles.find((role) => {
    const key = held[role];
    return key !== undefined && !isNamed(root, role, key);
  });
  return (
    misfit &&
    `${repository} root v${root.version} does not name this server's ${misfit} key: ` +
      'the keys folder and the database do not belong together; restore both from one backup'
  );
}

function isNamed(root: Root, role: keyof Held, key: PublicKey): boolean {
  return root.roles[role].keyids.some((id) => {
    const named = root.keys.get(id);
    return named !== undefined && keyMaterial(named) === keyMaterial(key);
  });
}
