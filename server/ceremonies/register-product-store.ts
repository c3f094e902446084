import type { Database } from '../database/schema.ts';
import type { NewProduct, RegisterOutcome } from '../repository/registration.ts';
import { offeredFile } from '../repository/unverified.ts';
import { NO_CHANGE, type Obstacle } from './change.ts';
import { publishChange, type ChangeGround } from './publish-change-store.ts';

/**
 * Registers a product whose files are signed already, or nothing: throws the refusal that a device would
 * report.
 */
export async function registerProduct(
  db: Database,
  { product, hardwareIds, ...texts }: NewProduct,
  ground: ChangeGround,
): Promise<RegisterOutcome> {
  const imageTargets = offeredFile('targets', texts.imageTargets);
  const role = offeredFile(product, texts.role);
  const change = {
    ...NO_CHANGE,
    imageTargets,
    roles: [role],
    products: [{ product, hardwareIds }],
  };
  return db.transaction().execute(async (tx) => {
    const outcome = await publishChange(tx, change, ground);
    if (outcome.kind === 'published') {
      return { kind: 'registered', product: onlyOne(outcome.products) };
    }
    const { kind, message } = outcome;
    if (isAboutProducts(kind)) return { kind, message };
    throw new Error(`bug: a product without releases met ${kind}`);
  });
}

type AboutProducts = Exclude<RegisterOutcome['kind'], 'registered'>;

function isAboutProducts(kind: Obstacle['kind']): kind is AboutProducts {
  return (
    ['not_initialised', 'product_exists', 'version_conflict', 'role_unsafe'] as readonly string[]
  ).includes(kind);
}

function onlyOne<T>([one]: readonly T[]): T {
  if (one === undefined) throw new Error('bug: a product was registered and is not there');
  return one;
}
