import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { manifestPath } from '../../shared/release/names.ts';
import type { Tx } from '../database/schema.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { directorSigners } from '../director/director-signers.ts';
import { findRelease } from '../releases/release-store.ts';
import { roleFault } from '../releases/role-rules.ts';
import {
  checkImageTargets,
  checkNextRoot,
  checkProductRole,
  type Broken,
} from '../repository/delegation-rules.ts';
import { imageSigners } from '../repository/image-signers.ts';
import { newestFile } from '../repository/metadata-store.ts';
import type { SignedFile } from '../repository/online-files.ts';
import { findProduct, productIds } from '../repository/product-store.ts';
import { readRoot, readTargets } from '../repository/unverified.ts';
import { filesOf, type Change, type Obstacle } from './change.ts';

/** What our rules need to know of this server. */
export interface RuleGround {
  /** Every public key of the server: none may be an author's. */
  readonly online: readonly PublicKey[];
  readonly findSigner: FindSigner;
}

/**
 * What of our own rules a change breaks, before any signature is looked at; throws the refusal of a
 * device where the files themselves cannot be read or would silence this server.
 */
export async function obstacleTo(
  tx: Tx,
  change: Change,
  ground: RuleGround,
): Promise<Obstacle | undefined> {
  if ((await newestFile(tx, 'image', 'targets')) === undefined) {
    return { kind: 'not_initialised', message: 'found trust first (POST /trust)' };
  }
  return (
    (await productObstacle(tx, change)) ??
    (await versionObstacle(tx, change)) ??
    unsafe(rootFault(change, ground)) ??
    unsafe(await targetsFault(tx, change, ground)) ??
    unsafe(await rolesFault(tx, change)) ??
    (await releaseObstacle(tx, change))
  );
}

async function productObstacle(tx: Tx, change: Change): Promise<Obstacle | undefined> {
  const { products, roles } = change;
  for (const { product } of products) {
    if ((await findProduct(tx, product)) === undefined) continue;
    return { kind: 'product_exists', message: `${product} exists` };
  }
  const known = new Set([...(await productIds(tx)), ...products.map(({ product }) => product)]);
  const named = [
    ...roles.map(({ role }) => role),
    ...change.manifests.map(({ manifest }) => manifest.product),
  ];
  const stranger = named.find((product) => !known.has(product));
  if (stranger === undefined) return unsafe(newProductFault(change));
  return { kind: 'unknown_product', message: `there is no product ${stranger}` };
}

/** A product comes with its delegation and an empty role; its releases come one by one. */
function newProductFault({ products, roles, imageTargets }: Change): Broken {
  for (const { product } of products) {
    const role = roles.find((file) => file.role === product);
    if (role === undefined || imageTargets === undefined) {
      return `${product} needs image targets that delegate to it, and version 1 of its role`;
    }
    if (readTargets(role).targets.size > 0) return 'a new role is empty; releases come one by one';
  }
  return undefined;
}

async function versionObstacle(tx: Tx, change: Change): Promise<Obstacle | undefined> {
  for (const { repository, file } of filesOf(change)) {
    const current = (await newestFile(tx, repository, file.role))?.version ?? 0;
    if (file.version === current + 1) continue;
    const message = `${file.role} v${file.version} was sent, the next one is v${current + 1}`;
    return { kind: 'version_conflict', message };
  }
  return undefined;
}

/** A root must leave this server its roles, and nothing but them. */
function rootFault(
  { imageRoot, directorRoot }: Change,
  { online, findSigner }: RuleGround,
): Broken {
  if (imageRoot !== undefined) {
    const root = readRoot(imageRoot);
    imageSigners(root, findSigner);
    const broken = checkNextRoot(root, ['root', 'targets'], online);
    if (broken !== undefined) return broken;
  }
  if (directorRoot === undefined) return undefined;
  const root = readRoot(directorRoot);
  directorSigners(root, findSigner);
  return checkNextRoot(root, ['root'], online);
}

async function targetsFault(
  tx: Tx,
  { imageTargets, products }: Change,
  { online }: RuleGround,
): Promise<Broken> {
  if (imageTargets === undefined) return undefined;
  const all = [...(await productIds(tx)), ...products.map(({ product }) => product)];
  return checkImageTargets(readTargets(imageTargets), all, online);
}

async function rolesFault(tx: Tx, { roles, manifests }: Change): Promise<Broken> {
  for (const role of roles) {
    const paths = manifests
      .filter(({ manifest }) => manifest.product === role.role)
      .map(({ manifest }) => manifestPath(manifest.product, manifest.version));
    const broken = await roleBroken(tx, role, paths);
    if (broken !== undefined) return broken;
  }
  return undefined;
}

async function roleBroken(tx: Tx, role: SignedFile, paths: readonly string[]): Promise<Broken> {
  const after = readTargets(role);
  const broken = checkProductRole(role.role, after);
  const current = await newestFile(tx, 'image', role.role);
  if (broken !== undefined || current === undefined) return broken;
  return roleFault(readTargets(current), after, paths);
}

/** A version is published once, and with the role that vouches for it. */
async function releaseObstacle(tx: Tx, change: Change): Promise<Obstacle | undefined> {
  for (const { manifest } of change.manifests) {
    const { product, version } = manifest;
    const found = await findRelease(tx, product, version);
    if (found !== undefined) {
      const message = `${product} ${version} is published with manifest ${found.release.manifestSha256}`;
      return { kind: 'release_conflict', message };
    }
    if (!change.roles.some(({ role }) => role === product)) {
      return unsafe(`${product} ${version} comes without the role that vouches for it`);
    }
  }
  return undefined;
}

function unsafe(message: Broken): Obstacle | undefined {
  return message === undefined ? undefined : { kind: 'role_unsafe', message };
}
