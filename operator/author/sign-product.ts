import type { Signer } from '../../shared/crypto/signer.ts';
import { signMetadata } from '../../shared/metadata/sign-metadata.ts';
import { TargetsSchema } from '../../shared/metadata/targets.ts';
import { Failure } from '../failure.ts';
import { emptyTargets } from './first-metadata.ts';
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
  const next = withDelegation(targets.file, product, { keys, threshold: signers.threshold }, now);
  const readable = TargetsSchema.safeParse(next);
  if (!readable.success) {
    const why = readable.error.issues[0]?.message ?? 'invalid';
    throw new Failure('release_invalid', `${product} cannot be a product: ${why}`);
  }
  return {
    imageTargets: await signMetadata(next, signers.targets),
    role: await signMetadata(emptyTargets(now), signers.product),
  };
}
