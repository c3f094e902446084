import type { Signer } from '../../shared/crypto/signer.ts';
import type { Database } from '../database/schema.ts';
import { byRole, ONLINE_ROLES, type OnlineKeys, type OnlineRole } from '../keys/online-keys.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { newestFile, type RepositoryName } from './metadata-store.ts';
import { readRoot } from './unverified.ts';

/** The keys that sign now: those that the newest roots name, or before any, those of the first start. */
export async function namedKeys(db: Database, findSigner: FindSigner): Promise<OnlineKeys> {
  const signers = new Map<OnlineRole, Signer>();
  for (const role of ONLINE_ROLES) {
    const [repository, name] = role.split('/') as [RepositoryName, 'snapshot' | 'timestamp'];
    const root = await newestFile(db, repository, 'root');
    const signer = findSigner(role, root && readRoot(root).roles[name].keyids);
    if (signer !== undefined) signers.set(role, signer);
  }
  return byRole((role) => {
    const signer = signers.get(role);
    if (signer === undefined) throw new Error(`bug: the server runs without a key for ${role}`);
    return signer;
  });
}
