import type { Product } from './product-store.ts';

/** What an author sends to register a product; the texts are the exact signed files. */
export interface NewProduct {
  readonly product: string;
  readonly hardwareIds: readonly string[];
  readonly imageTargets: string;
  readonly role: string;
}

export type RegisterOutcome =
  | { readonly kind: 'registered'; readonly product: Product }
  | {
      readonly kind: 'not_initialised' | 'product_exists' | 'version_conflict' | 'role_unsafe';
      readonly message: string;
    };
