import { Name } from '../../../shared/release/names.ts';

/** A role that people hold keys of, as they call it; key files carry the same words. */
export type RoleName = 'image-root' | 'image-targets' | 'director-root' | `product:${string}`;

/** The three that every fleet has. */
export const FIXED_ROLES = ['image-root', 'image-targets', 'director-root'] as const;

/** The role that these words name, or undefined. */
export function roleNamed(text: string): RoleName | undefined {
  const fixed = FIXED_ROLES.find((role) => role === text);
  if (fixed !== undefined) return fixed;
  const product = text.startsWith('product:') ? Name.safeParse(text.slice(8)) : undefined;
  return product?.success === true ? `product:${product.data}` : undefined;
}

/** The product of a role, or undefined for the three that belong to none. */
export function productOfRole(role: RoleName): string | undefined {
  return role.startsWith('product:') ? role.slice('product:'.length) : undefined;
}
