import type { Signer } from '../../shared/crypto/signer.ts';
import { signMetadata } from '../../shared/metadata/sign-metadata.ts';
import { TargetsSchema, type TargetsFile } from '../../shared/metadata/targets.ts';
import { Failure } from '../failure.ts';
import { emptyTargets, type RoleChoice } from './first-metadata.ts';
import { withDelegation } from './next-targets.ts';
import type { ExtensibleRole } from './trusted-image.ts';

/** A product as it goes to the server: who may sign it, and its first, empty word. */
export interface SignedProduct {
  /** The next version of image targets. */
  readonly imageTargets: Uint8Array;
  /** Version 1 of the product's role. */
  readonly role: Uint8Array;
}

/** Who signs what. */
export interface ProductSigners {
  readonly targets: readonly Signer[];
  readonly product: readonly Signer[];
  readonly threshold: number;
}

/** Delegates `<product>/…` to the product's keys, on top of verified image targets. */
export async function signProduct(
  targets: ExtensibleRole,
  product: string,
  signers: ProductSigners,
  now: Date,
): Promise<SignedProduct> {
  const keys = signers.product.map(({ publicKey }) => publicKey);
  const choice = { keys, threshold: signers.threshold };
  const { imageTargets, role } = productFiles(targets, product, choice, now);
  return {
    imageTargets: await signMetadata(imageTargets, signers.targets),
    role: await signMetadata(role, signers.product),
  };
}

/** The two files of a new product, which nobody has signed yet. */
export function productFiles(
  targets: ExtensibleRole,
  product: string,
  choice: RoleChoice,
  now: Date,
): { readonly imageTargets: TargetsFile; readonly role: TargetsFile } {
  const imageTargets = withDelegation(targets.file, product, choice, now);
  const readable = TargetsSchema.safeParse(imageTargets);
  if (readable.success) return { imageTargets, role: emptyTargets(now) };
  const why = readable.error.issues[0]?.message ?? 'invalid';
  throw new Failure('release_invalid', `${product} cannot be a product: ${why}`);
}
