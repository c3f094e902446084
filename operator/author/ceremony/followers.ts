import type { RoleKeys } from '../../../shared/metadata/fields.ts';
import type { KeysById } from '../../../shared/metadata/keys.ts';
import { RootSchema } from '../../../shared/metadata/root.ts';
import { TargetsSchema } from '../../../shared/metadata/targets.ts';
import { held } from '../../../shared/trust/held.ts';
import { openFile, requireThreshold } from '../../../shared/trust/signed-file.ts';
import { editImageTargets, editProduct, type Draft } from './draft.ts';

/**
 * Adds what a change of keys drags along: a file that stands under signatures which no longer reach the
 * threshold of its role must be signed again in the same event, or devices would refuse it.
 */
export function withFollowers(draft: Draft): Draft {
  return productsToo(targetsToo(draft));
}

function targetsToo(draft: Draft): Draft {
  const { imageRoot, imageTargets, standing } = draft;
  if (imageRoot === undefined || imageTargets !== undefined) return draft;
  const { roles, keys } = RootSchema.parse(imageRoot);
  const stands = reaches('targets', standing.imageTargets.bytes, roles.targets, keys);
  return stands ? draft : editImageTargets(draft);
}

function productsToo(draft: Draft): Draft {
  if (draft.imageTargets === undefined) return draft;
  const { delegations } = TargetsSchema.parse(draft.imageTargets);
  return (delegations?.roles ?? []).reduce((sofar, role) => {
    const standing = sofar.standing.products.get(role.name);
    if (standing === undefined || sofar.products.has(role.name)) return sofar;
    const stands = reaches(role.name, standing.bytes, role, delegations?.keys ?? new Map());
    return stands ? sofar : editProduct(sofar, role.name);
  }, draft);
}

function reaches(name: string, bytes: Uint8Array, role: RoleKeys, keys: KeysById): boolean {
  const verdict = held(() => {
    requireThreshold(name, openFile(name, bytes), role, keys);
    return true;
  });
  return verdict === true;
}
