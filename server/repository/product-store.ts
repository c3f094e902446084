import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { manifestPath } from '../../shared/release/names.ts';
import { appendAudit } from '../audit/audit-store.ts';
import type { Database, Tx } from '../database/schema.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { checkImageTargets, checkProductRole, type Broken } from './delegation-rules.ts';
import { publishImage } from './image-publish-store.ts';
import { newestFile } from './metadata-store.ts';
import type { SignedFile } from './online-files.ts';
import { offeredFile, readTargets } from './unverified.ts';

/** A product, with the state of the role that signs its releases. */
export interface Product {
  readonly product: string;
  readonly hardwareIds: readonly string[];
  readonly role: { readonly version: number; readonly expires: string };
  readonly createdAt: string;
}

/** What an author sends to register a product; the texts are the exact signed files. */
export interface NewProduct {
  readonly product: string;
  readonly hardwareIds: readonly string[];
  readonly imageTargets: string;
  readonly role: string;
}

/** What registering rests on. */
export interface RegisterGround {
  readonly actor: string;
  readonly now: Date;
  readonly findSigner: FindSigner;
  readonly online: readonly PublicKey[];
}

export type RegisterOutcome =
  | { readonly kind: 'registered'; readonly product: Product }
  | { readonly kind: 'not_initialised' | 'product_exists' }
  | { readonly kind: 'version_conflict' | 'role_unsafe'; readonly message: string };

/** The product of this id. */
export async function findProduct(db: Database, id: string): Promise<Product | undefined> {
  const row = await db.selectFrom('products').selectAll().where('id', '=', id).executeTakeFirst();
  const role = await newestFile(db, 'image', id);
  if (row === undefined || role === undefined) return undefined;
  return {
    product: row.id,
    hardwareIds: JSON.parse(row.hardware_ids) as string[],
    role: { version: role.version, expires: role.expires.toISOString() },
    createdAt: row.created_at,
  };
}

/** Every product, by id. */
export async function listProducts(db: Database): Promise<readonly Product[]> {
  const products = await Promise.all((await productIds(db)).map((id) => findProduct(db, id)));
  return products.filter((product) => product !== undefined);
}

/** Registers a product with its role, or nothing: throws the refusal that a device would report. */
export async function registerProduct(
  db: Database,
  offered: NewProduct,
  ground: RegisterGround,
): Promise<RegisterOutcome> {
  const imageTargets = offeredFile('targets', offered.imageTargets);
  const role = offeredFile(offered.product, offered.role);
  return db.transaction().execute(async (tx) => {
    const current = await newestFile(tx, 'image', 'targets');
    if (current === undefined) return { kind: 'not_initialised' };
    if ((await findProduct(tx, offered.product)) !== undefined) return { kind: 'product_exists' };
    const message = checkNext(imageTargets, current.version) ?? checkNext(role, 0);
    if (message !== undefined) return { kind: 'version_conflict', message };
    const products = [...(await productIds(tx)), offered.product];
    const broken = brokenRule(imageTargets, role, products, ground.online);
    if (broken !== undefined) return { kind: 'role_unsafe', message: broken };
    await publishImage(
      tx,
      // A new delegation must still reach the roles of all products, not only of this one.
      { changed: [imageTargets, role], paths: products.map(anyPathOf), now: ground.now },
      ground.findSigner,
    );
    return { kind: 'registered', product: await insertProduct(tx, offered, ground) };
  });
}

async function insertProduct(
  tx: Tx,
  { product, hardwareIds }: NewProduct,
  { now, actor }: RegisterGround,
): Promise<Product> {
  const row = { hardware_ids: JSON.stringify(hardwareIds), created_at: now.toISOString() };
  await tx
    .insertInto('products')
    .values({ id: product, ...row })
    .execute();
  const stored = await findProduct(tx, product);
  if (stored === undefined) throw new Error(`bug: product ${product} is not there after insert`);
  const after = stored;
  await appendAudit(tx, {
    at: now,
    actor,
    action: 'product_registered',
    subject: `product:${product}`,
    after,
  });
  return stored;
}

function brokenRule(
  imageTargets: SignedFile,
  role: SignedFile,
  products: readonly string[],
  online: readonly PublicKey[],
): Broken {
  const roleTargets = readTargets(role);
  if (roleTargets.targets.size > 0) return `a new role is empty; releases come one by one`;
  return (
    checkProductRole(role.role, roleTargets) ??
    checkImageTargets(readTargets(imageTargets), products, online)
  );
}

function checkNext({ role, version }: SignedFile, current: number): Broken {
  return version === current + 1
    ? undefined
    : `${role} v${version} was sent, the next one is v${current + 1}`;
}

/** A path that only this product's role may speak about, so that looking it up verifies the role. */
function anyPathOf(product: string): string {
  return manifestPath(product, 'any');
}

async function productIds(db: Database): Promise<readonly string[]> {
  const rows = await db.selectFrom('products').select('id').orderBy('id').execute();
  return rows.map(({ id }) => id);
}
