import type { Signer } from '../../shared/crypto/signer.ts';
import type { Root } from '../../shared/metadata/root.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { FindSigner } from './key-ring.ts';
import type { OnlineRole } from './online-keys.ts';

/**
 * The key with which this server signs a role under a root. A root that names none of ours, or asks for
 * more than one, would silence the fleet: nobody could reach its threshold.
 */
export function signerFor(role: OnlineRole, root: Root, findSigner: FindSigner): Signer {
  const [repository, name] = role.split('/') as ['image' | 'director', OnlineName];
  const { keyids, threshold } = root.roles[name];
  const signer = threshold === 1 ? findSigner(role, keyids) : undefined;
  if (signer !== undefined && root.keys.has(signer.keyId)) return signer;
  throw new Refusal(
    'threshold_not_met',
    `${repository} root v${root.version} names no ${name} key of this server, or more than one must sign`,
  );
}

type OnlineName = 'targets' | 'snapshot' | 'timestamp';
