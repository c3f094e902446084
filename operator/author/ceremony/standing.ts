import type { Root, RootFile } from '../../../shared/metadata/root.ts';
import type { Targets, TargetsFile } from '../../../shared/metadata/targets.ts';
import { Failure } from '../../failure.ts';

/** A file that this workspace has verified: as it is read, as it is written on, and its bytes. */
export interface StandingFile<Content, File> {
  readonly content: Content;
  readonly file: File;
  readonly bytes: Uint8Array;
}

export type StandingRoot = StandingFile<Root, RootFile>;
export type StandingTargets = StandingFile<Targets, TargetsFile>;

/** Everything offline keys sign, as it stands today and as this workspace has verified it. */
export interface Standing {
  readonly imageRoot: StandingRoot;
  readonly imageTargets: StandingTargets;
  /** By product. */
  readonly products: ReadonlyMap<string, StandingTargets>;
  /** Undefined in a workspace that was never given the director's root. */
  readonly directorRoot: StandingRoot | undefined;
}

/** The director's root, for those who cannot do without. */
export function directorRootOf({ directorRoot }: Standing): StandingRoot {
  if (directorRoot !== undefined) return directorRoot;
  throw new Failure(
    'no_director_root',
    'this workspace has no director root, so nothing can be said about its next version',
  );
}

/** The role of a product that exists. */
export function productOf({ products }: Standing, product: string): StandingTargets {
  const found = products.get(product);
  if (found !== undefined) return found;
  throw new Failure('product_unknown', `nobody delegated to ${product}`);
}
