import type { Signer } from '../crypto/signer.ts';
import { canonicalBytes, canonicalFile } from './canonical-json.ts';
import type { RootFile } from './root.ts';
import type { SnapshotFile } from './snapshot.ts';
import type { TargetsFile } from './targets.ts';
import type { TimestampFile } from './timestamp.ts';

/** Any of the four files, as it is written. */
export type MetadataFile = RootFile | TimestampFile | SnapshotFile | TargetsFile;

/**
 * The bytes of a metadata file signed by every signer, in their order (TUF 4.2.1). `signed` is
 * written in canonical form, so what is stored is what was signed, but for escaped line ends.
 */
export async function signMetadata(
  signed: MetadataFile,
  signers: readonly Signer[],
): Promise<Uint8Array> {
  const payload = canonicalBytes(signed);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      keyid: signer.keyId,
      sig: Buffer.from(await signer.sign(payload)).toString('hex'),
    })),
  );
  return canonicalFile({ signatures, signed });
}
