import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { signMetadata } from '../../shared/metadata/sign-metadata.ts';
import { manifestBytes, type ManifestFile } from '../../shared/release/manifest.ts';
import { manifestPath } from '../../shared/release/names.ts';
import { NO_FLOORS } from '../../shared/trust/floors.ts';
import { acceptManifest } from '../../shared/trust/manifest.ts';
import { acceptTargets } from '../../shared/trust/targets.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { withRelease } from './next-targets.ts';
import type { ProductRole, TrustedImage } from './trusted-image.ts';

/** A release as it goes to the server: two files, each as exact bytes. */
export interface SignedRelease {
  readonly manifest: Uint8Array;
  readonly manifestSha256: string;
  /** The next version of the product's role. */
  readonly role: Uint8Array;
  readonly roleVersion: number;
}

/** Signs the next version of the product's role, which vouches for one more manifest. */
export async function signRelease(
  role: Pick<ProductRole, 'file'>,
  manifest: ManifestFile,
  signers: readonly Signer[],
  now: Date,
): Promise<SignedRelease> {
  const bytes = manifestBytes(manifest);
  const next = withRelease(role.file, manifest, bytes, now);
  return {
    manifest: bytes,
    manifestSha256: sha256Hex(bytes),
    role: await signMetadata(next, signers),
    roleVersion: next.version,
  };
}

/** Reads what we signed as a device will, before anybody else sees it. */
export function requireAcceptable(
  { trusted, repository }: TrustedImage,
  { delegation }: Pick<ProductRole, 'delegation'>,
  release: SignedRelease,
  { product, version }: Pick<ManifestFile, 'product' | 'version'>,
): void {
  const { root, targets } = trusted;
  const accepted = acceptTargets(
    release.role,
    {
      name: delegation.name,
      role: delegation,
      keys: targets.delegations?.keys ?? new Map(),
      named: { version: release.roleVersion },
    },
    { root, floors: NO_FLOORS, startedAt: repository.startedAt },
  );
  const path = manifestPath(product, version);
  const file = accepted.content.targets.get(path);
  if (file === undefined) throw new Refusal('release_not_signed', `the role has no ${path}`);
  acceptManifest(release.manifest, { path, file });
}
