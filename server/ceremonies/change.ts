import type { Aftermath } from './role-effects-store.ts';
import type { DocumentFault } from '../releases/document-check.ts';
import type { OfferedManifest } from '../releases/claimed-manifest.ts';
import type { Release } from '../releases/release-store.ts';
import { manifestPath } from '../../shared/release/names.ts';
import type { SignedFile } from '../repository/online-files.ts';
import type { Product } from '../repository/product-store.ts';

/** Next versions of what authors sign, with all that belongs to them: visible together or not at all. */
export interface Change {
  readonly imageRoot?: SignedFile | undefined;
  readonly directorRoot?: SignedFile | undefined;
  readonly imageTargets?: SignedFile | undefined;
  /** Of products. */
  readonly roles: readonly SignedFile[];
  /** Of the releases that the roles add. */
  readonly manifests: readonly OfferedManifest[];
  /** Products that the image targets add. */
  readonly products: readonly AddedProduct[];
}

export interface AddedProduct {
  readonly product: string;
  readonly hardwareIds: readonly string[];
}

/** Why a change cannot be, in the words of today's routes. */
export type Obstacle =
  | DocumentFault
  | {
      readonly kind:
        | 'not_initialised'
        | 'product_exists'
        | 'unknown_product'
        | 'release_conflict'
        | 'version_conflict'
        | 'role_unsafe';
      readonly message: string;
    };

/** What became visible. */
export interface Published extends Aftermath {
  readonly kind: 'published';
  readonly releases: readonly Release[];
  readonly products: readonly Product[];
}

/** A change of nothing, to begin with. */
export const NO_CHANGE: Change = { roles: [], manifests: [], products: [] };

/** The repository and role of each file of a change, roots first. */
export function filesOf({ imageRoot, directorRoot, imageTargets, roles }: Change): readonly {
  readonly repository: 'image' | 'director';
  readonly file: SignedFile;
}[] {
  const image = [imageRoot, imageTargets, ...roles].filter((file) => file !== undefined);
  return [
    ...image.map((file) => ({ repository: 'image' as const, file })),
    ...(directorRoot === undefined
      ? []
      : [{ repository: 'director' as const, file: directorRoot }]),
  ];
}

/**
 * Paths whose roles must verify before the change is visible: of all products where the delegations or
 * the keys above them change, else of those whose own role does.
 */
export function pathsToProve(change: Change, products: readonly string[]): readonly string[] {
  const released = change.manifests.map(({ manifest }) =>
    manifestPath(manifest.product, manifest.version),
  );
  const isBroad = change.imageRoot !== undefined || change.imageTargets !== undefined;
  const roles = isBroad
    ? [...products, ...change.products.map(({ product }) => product)]
    : change.roles.map(({ role }) => role);
  const proven = new Set(change.manifests.map(({ manifest }) => manifest.product));
  const others = roles.filter((role) => !proven.has(role));
  return [...released, ...others.map((role) => manifestPath(role, 'any'))];
}
