import type { RoleKeys } from '../../../shared/metadata/fields.ts';
import type { KeysById } from '../../../shared/metadata/keys.ts';
import { RootSchema } from '../../../shared/metadata/root.ts';
import { TargetsSchema } from '../../../shared/metadata/targets.ts';
import { held } from '../../../shared/trust/held.ts';
import { openFile, requireThreshold } from '../../../shared/trust/signed-file.ts';
import { editImageRoot, editImageTargets, editProduct, type Draft } from './draft.ts';

/**
 * Adds what a change drags along, or devices would refuse it: files that stand under signatures which
 * no longer reach the threshold of their role, and files that have expired. Only a change of image root
 * or image targets touches others; the director's root and a product stand for themselves.
 */
export function withFollowers(draft: Draft): Draft {
  if (draft.imageRoot === undefined && draft.imageTargets === undefined) return draft;
  return productsToo(targetsToo(rootToo(draft)));
}

function rootToo(draft: Draft): Draft {
  const isDue = draft.imageRoot === undefined && hasExpired(draft.standing.imageRoot, draft);
  return isDue ? editImageRoot(draft) : draft;
}

function targetsToo(draft: Draft): Draft {
  const { imageRoot, imageTargets, standing } = draft;
  if (imageTargets !== undefined) return draft;
  const { roles, keys } =
    imageRoot === undefined ? standing.imageRoot.content : RootSchema.parse(imageRoot);
  const stands = reaches('targets', standing.imageTargets.bytes, roles.targets, keys);
  return stands && !hasExpired(standing.imageTargets, draft) ? draft : editImageTargets(draft);
}

function productsToo(draft: Draft): Draft {
  const { imageTargets, standing } = draft;
  const { delegations } =
    imageTargets === undefined ? standing.imageTargets.content : TargetsSchema.parse(imageTargets);
  return (delegations?.roles ?? []).reduce((sofar, role) => {
    const product = standing.products.get(role.name);
    if (product === undefined || sofar.products.has(role.name)) return sofar;
    const stands = reaches(role.name, product.bytes, role, delegations?.keys ?? new Map());
    return stands && !hasExpired(product, draft) ? sofar : editProduct(sofar, role.name);
  }, draft);
}

function hasExpired(
  { content }: { readonly content: { readonly expires: Date } },
  { now }: Draft,
): boolean {
  return content.expires <= now;
}

function reaches(name: string, bytes: Uint8Array, role: RoleKeys, keys: KeysById): boolean {
  const verdict = held(() => {
    requireThreshold(name, openFile(name, bytes), role, keys);
    return true;
  });
  return verdict === true;
}
