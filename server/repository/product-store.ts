import { appendAudit } from '../audit/audit-store.ts';
import type { Database, Tx } from '../database/schema.ts';
import { newestFile } from './metadata-store.ts';

/** A product, with the state of the role that signs its releases. */
export interface Product {
  readonly product: string;
  readonly hardwareIds: readonly string[];
  readonly role: { readonly version: number; readonly expires: string };
  readonly createdAt: string;
}

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

/** Adds a product whose role was just published, and tells the audit trail. */
export async function addProduct(
  tx: Tx,
  { product, hardwareIds }: Pick<Product, 'product' | 'hardwareIds'>,
  { now, actor }: { readonly now: Date; readonly actor: string },
): Promise<Product> {
  const row = { hardware_ids: JSON.stringify(hardwareIds), created_at: now.toISOString() };
  await tx
    .insertInto('products')
    .values({ id: product, ...row })
    .execute();
  const after = await findProduct(tx, product);
  if (after === undefined) throw new Error(`bug: product ${product} is not there after insert`);
  const subject = `product:${product}`;
  await appendAudit(tx, { at: now, actor, action: 'product_registered', subject, after });
  return after;
}

/** The ids of all products. */
export async function productIds(db: Database): Promise<readonly string[]> {
  const rows = await db.selectFrom('products').select('id').orderBy('id').execute();
  return rows.map(({ id }) => id);
}
