import * as z from 'zod/mini';
import { HardwareIds } from '../../shared/release/manifest.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';

const Products = z.record(z.string(), z.strictObject({ hardwareIds: HardwareIds }));

/**
 * The boards of a product as this author named them. Not asked of the server: which boards a release
 * fits is signed, and a lying server must not choose it.
 */
export async function hardwareIdsOf(
  path: string,
  product: string,
): Promise<readonly string[] | undefined> {
  const products = (await readJsonFile(path, Products)) ?? {};
  return Object.hasOwn(products, product) ? products[product]?.hardwareIds : undefined;
}

/** Remembers the boards of a product. */
export async function rememberProduct(
  path: string,
  product: string,
  hardwareIds: readonly string[],
): Promise<void> {
  const products = (await readJsonFile(path, Products)) ?? {};
  await writeJsonFile(path, { ...products, [product]: { hardwareIds: [...hardwareIds] } });
}
