import type { Signer } from '../../shared/crypto/signer.ts';
import type { Root } from '../../shared/metadata/root.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import type { OnlineRole } from '../keys/online-keys.ts';
import { signerFor } from '../keys/signer-for.ts';
import type { SignedFile } from '../repository/online-files.ts';
import { readRoot } from '../repository/unverified.ts';
import type { DirectorSigners } from './director-files.ts';

/** Who signs the director's files under this root; refuses a root that names none of this server's keys. */
export function directorSigners(root: Root, findSigner: FindSigner): DirectorSigners {
  return {
    targets: signerFor('director/targets', root, findSigner),
    snapshot: signerFor('director/snapshot', root, findSigner),
    timestamp: signerFor('director/timestamp', root, findSigner),
  };
}

/** Who signs under a root as it is stored; before there is one, the keys of the first start. */
export type SignersUnder = (root: SignedFile | undefined) => DirectorSigners;

/** Remembers the signers of the newest root: reading one for each device would cost more than signing. */
export function rememberSigners(findSigner: FindSigner): SignersUnder {
  let known: { readonly bytes: Uint8Array; readonly signers: DirectorSigners } | undefined;
  return (root) => {
    if (root === undefined) return firstSigners(findSigner);
    // By content: a transaction that comes to nothing may have shown us another root of that version.
    if (known === undefined || Buffer.compare(known.bytes, root.bytes) !== 0) {
      known = { bytes: root.bytes, signers: directorSigners(readRoot(root), findSigner) };
    }
    return known.signers;
  };
}

function firstSigners(findSigner: FindSigner): DirectorSigners {
  const first = (role: OnlineRole): Signer => {
    const signer = findSigner(role);
    if (signer === undefined) throw new Error(`bug: no key was made for ${role}`);
    return signer;
  };
  return {
    targets: first('director/targets'),
    snapshot: first('director/snapshot'),
    timestamp: first('director/timestamp'),
  };
}
