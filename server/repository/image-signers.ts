import type { Root } from '../../shared/metadata/root.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { signerFor } from '../keys/signer-for.ts';
import type { ImageSigners } from './online-files.ts';

/** Who signs snapshot and timestamp under this root; refuses a root that names none of this server's keys. */
export function imageSigners(root: Root, findSigner: FindSigner): ImageSigners {
  return {
    snapshot: signerFor('image/snapshot', root, findSigner),
    timestamp: signerFor('image/timestamp', root, findSigner),
  };
}
