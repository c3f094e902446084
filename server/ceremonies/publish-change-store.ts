import type { TargetFile } from '../../shared/metadata/targets.ts';
import type { Manifest } from '../../shared/release/manifest.ts';
import { TargetCustom } from '../../shared/release/must-match.ts';
import { manifestPath } from '../../shared/release/names.ts';
import { acceptManifest, readConditions } from '../../shared/trust/manifest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { appendAudit } from '../audit/audit-store.ts';
import { publishBlobs } from '../blobs/blob-store.ts';
import type { Tx } from '../database/schema.ts';
import { namedBlobs, type OfferedManifest } from '../releases/claimed-manifest.ts';
import { addRelease, type Release } from '../releases/release-store.ts';
import { publishImage } from '../repository/image-publish-store.ts';
import { addFile, listRoots } from '../repository/metadata-store.ts';
import type { SignedFile } from '../repository/online-files.ts';
import { addProduct, findProduct, productIds, type Product } from '../repository/product-store.ts';
import { obstacleTo, type RuleGround } from './change-rules-store.ts';
import { readRoleChanges, takeEffect, type EffectGround } from './role-effects-store.ts';
import {
  pathsToProve,
  type AddedProduct,
  type Change,
  type Obstacle,
  type Published,
} from './change.ts';

/** What publishing rests on. */
export interface ChangeGround extends RuleGround, EffectGround {
  /** Whether devices take what our director signs under these roots, oldest first; throws their refusal. */
  readonly tryDirector: (roots: readonly SignedFile[], now: Date) => Promise<void>;
  /** Lets every device's bundle count as expired, so that it is signed under the new root. */
  readonly expireBundles: (tx: Tx) => Promise<void>;
}

/**
 * Makes a change visible, all of it or nothing: the one way to everything that authors sign but the
 * founding of trust. Throws the refusal of a device that would not take it; the transaction must then be
 * given up.
 */
export async function publishChange(
  tx: Tx,
  change: Change,
  ground: ChangeGround,
): Promise<Published | Obstacle> {
  const obstacle = await obstacleTo(tx, change, ground);
  if (obstacle !== undefined) return obstacle;
  const roleChanges = await readRoleChanges(tx, change.roles);
  const found = await publishImageFiles(tx, change, ground);
  await publishDirectorRoot(tx, change, ground);
  const products = await addProducts(tx, change.products, ground);
  const releases: Release[] = [];
  for (const offered of change.manifests) {
    releases.push(await publishManifest(tx, offered, found, ground));
  }
  const aftermath = await takeEffect(tx, roleChanges, ground);
  return { kind: 'published', releases, products, ...aftermath };
}

type Found = ReadonlyMap<string, TargetFile | undefined>;

async function publishImageFiles(
  tx: Tx,
  change: Change,
  { now, findSigner }: ChangeGround,
): Promise<Found> {
  const { imageRoot, imageTargets, roles } = change;
  const changed = [...(imageTargets === undefined ? [] : [imageTargets]), ...roles];
  if (imageRoot === undefined && changed.length === 0) return new Map();
  const paths = pathsToProve(change, await productIds(tx));
  const roots = imageRoot === undefined ? [] : [imageRoot];
  return publishImage(tx, { roots, changed, paths, now }, findSigner);
}

async function publishDirectorRoot(
  tx: Tx,
  { directorRoot }: Change,
  { now, tryDirector, expireBundles }: ChangeGround,
): Promise<void> {
  if (directorRoot === undefined) return;
  await tryDirector([...(await listRoots(tx, 'director')), directorRoot], now);
  await addFile(tx, 'director', directorRoot);
  await expireBundles(tx);
}

async function addProducts(
  tx: Tx,
  added: readonly AddedProduct[],
  ground: ChangeGround,
): Promise<readonly Product[]> {
  const products: Product[] = [];
  for (const product of added) products.push(await addProduct(tx, product, ground));
  return products;
}

async function publishManifest(
  tx: Tx,
  { bytes, sha256, manifest }: OfferedManifest,
  found: Found,
  { now, actor }: ChangeGround,
): Promise<Release> {
  const path = manifestPath(manifest.product, manifest.version);
  const accepted = acceptOffered(bytes, path, found.get(path));
  await requireKnownHardware(tx, accepted);
  const releaseCounter = counterOf(found.get(path));
  const release = await addRelease(tx, accepted, { bytes, sha256, at: now, releaseCounter });
  await publishBlobs(tx, namedBlobs(accepted));
  const subject = `release:${accepted.product}/${accepted.version}`;
  await appendAudit(tx, { at: now, actor, action: 'release_published', subject, after: release });
  return release;
}

function counterOf(file: TargetFile | undefined): number {
  return TargetCustom.safeParse(file?.custom).data?.mustMatch.releaseCounter ?? 0;
}

/** The manifest under a path, if a role vouches for exactly these bytes; else a device's refusal. */
export function acceptOffered(
  bytes: Uint8Array,
  path: string,
  file: TargetFile | undefined,
): Manifest {
  if (file === undefined) throw new Refusal('release_not_signed', `the role does not list ${path}`);
  const accepted = acceptManifest(bytes, { path, file });
  readConditions(accepted);
  return accepted;
}

async function requireKnownHardware(tx: Tx, { product, hardwareIds }: Manifest): Promise<void> {
  const known = (await findProduct(tx, product))?.hardwareIds ?? [];
  const stranger = hardwareIds.find((id) => !known.includes(id));
  if (stranger === undefined) return;
  throw new Refusal('hardware_mismatch', `${product} runs on ${known.join(', ')}, not ${stranger}`);
}
