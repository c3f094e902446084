import type { DocumentFault } from './document-check.ts';
import type { Release } from './release-store.ts';

/** The exact texts of a release: its manifest, and the next version of its product's role. */
export interface OfferedRelease {
  readonly manifest: string;
  readonly role: string;
}

export type PublishOutcome =
  | { readonly kind: 'published' | 'already_published'; readonly release: Release }
  | DocumentFault
  | {
      readonly kind: 'unknown_product' | 'release_conflict' | 'version_conflict' | 'role_unsafe';
      readonly message: string;
    };
