import { join } from 'node:path';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { manifestBytes, type ManifestFile } from '../../shared/release/manifest.ts';
import { manifestPath } from '../../shared/release/names.ts';
import type { HeldKey } from '../author/held-key.ts';
import { keysOfRole, openSignersFor } from '../author/role-signers.ts';
import { requireAcceptable, signRelease, type SignedRelease } from '../author/sign-release.ts';
import {
  keepSignedRole,
  productRole,
  trustImage,
  type ProductRole,
  type TrustedImage,
} from '../author/trusted-image.ts';
import { Failure } from '../failure.ts';
import type { Api } from '../operate/api.ts';
import type { Connection } from '../operate/connection.ts';
import { imageFetch } from '../operate/image-fetch.ts';
import { writeDurably } from '../workspace/durable-file.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** A release on its way to the server. */
export interface Publishing {
  readonly api: Api;
  readonly connection: Connection;
  readonly held: readonly HeldKey[];
  readonly workspace: Workspace;
  readonly manifest: ManifestFile;
  readonly now: () => Date;
}

/** What is signed and ready, or what is there already with the same bytes. */
export type OnTop =
  | { readonly kind: 'signed'; readonly image: TrustedImage; readonly release: SignedRelease }
  | { readonly kind: 'published'; readonly manifestSha256: string }
  /** Some of the keys it takes are here, not all: others must sign too. */
  | { readonly kind: 'needs_others'; readonly image: TrustedImage };

/** Verifies the repository as it is now and signs the release on top of it. */
export async function signOnTop(publishing: Publishing): Promise<OnTop> {
  const { manifest, connection, workspace, held, now } = publishing;
  const startedAt = now();
  const image = await trustImage(workspace.imageFolder, imageFetch(connection), startedAt);
  const role = await productRole(image, manifest.product);
  if (role === undefined) {
    throw new Failure('product_unknown', `nobody delegated to ${manifest.product}`);
  }
  const manifestSha256 = sha256Hex(manifestBytes(manifest));
  if (isPublished(role, manifest, manifestSha256)) return { kind: 'published', manifestSha256 };
  const keys = image.trusted.targets.delegations?.keys ?? new Map();
  const here = keysOfRole(role.delegation, keys, held).length;
  if (here > 0 && here < role.delegation.threshold) return { kind: 'needs_others', image };
  const signers = await openSignersFor(manifest.product, role.delegation, keys, held);
  const release = await signRelease(role, manifest, signers, startedAt);
  requireAcceptable(image, role, release, manifest);
  return { kind: 'signed', image, release };
}

/** Signs on top of a fresh look and hands it over; answers the manifest's sha256. */
export async function handOver(publishing: Publishing): Promise<string> {
  const { api, manifest } = publishing;
  const signed = await signOnTop(publishing);
  if (signed.kind === 'published') return signed.manifestSha256;
  if (signed.kind === 'needs_others') {
    throw new Failure('event_stale', `the keys of ${manifest.product} changed meanwhile`);
  }
  const { image, release } = signed;
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
  const published = await api.publish({
    manifest: text(release.manifest),
    role: text(release.role),
  });
  if (published.manifestSha256 !== release.manifestSha256) {
    throw new Failure(
      'server_answer_malformed',
      `the server published ${published.manifestSha256}, we signed ${release.manifestSha256}`,
    );
  }
  await keepSignedRole(image, manifest.product, release.role);
  return release.manifestSha256;
}

/** Writes what would be handed over. */
export async function writeDryRun(
  { workspace, manifest }: Publishing,
  { release }: Extract<OnTop, { kind: 'signed' }>,
): Promise<{ readonly folder: string; readonly manifestSha256: string }> {
  const { product, version } = manifest;
  const folder = join(workspace.dryRunFolder, `${product}-${version}`);
  await writeDurably(join(folder, 'manifest.json'), release.manifest);
  await writeDurably(join(folder, `${release.roleVersion}.${product}.json`), release.role);
  return { folder, manifestSha256: release.manifestSha256 };
}

function isPublished(role: ProductRole, manifest: ManifestFile, manifestSha256: string): boolean {
  const { product, version } = manifest;
  const there = role.content.targets.get(manifestPath(product, version));
  if (there === undefined) return false;
  if (there.hashes.sha256 === manifestSha256) return true;
  throw new Failure(
    'release_exists',
    `${product} ${version} is published with manifest ${there.hashes.sha256 ?? 'of another hash'}`,
  );
}
