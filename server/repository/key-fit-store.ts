import { acceptFirstRoot } from '../../shared/trust/root.ts';
import type { Database } from '../database/schema.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { ONLINE_ROLES, type OnlineRole } from '../keys/online-keys.ts';
import { newestFile, type RepositoryName } from './metadata-store.ts';

/**
 * Whether this server holds a key for every role that the newest roots leave to it; a sentence when it
 * does not. A server that signed with other keys would silence its whole fleet, so it must not start.
 */
export async function keyMisfit(db: Database, findSigner: FindSigner): Promise<string | undefined> {
  for (const role of ONLINE_ROLES) {
    const misfit = await misfitOf(db, role, findSigner);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

async function misfitOf(
  db: Database,
  role: OnlineRole,
  findSigner: FindSigner,
): Promise<string | undefined> {
  const [repository, name] = role.split('/') as [RepositoryName, 'snapshot' | 'timestamp'];
  const file = await newestFile(db, repository, 'root');
  if (file === undefined) return undefined;
  const root = acceptFirstRoot(file.bytes).content;
  if (findSigner(role, root.roles[name].keyids) !== undefined) return undefined;
  return `${repository} root v${root.version} names a ${name} key that is not there`;
}
