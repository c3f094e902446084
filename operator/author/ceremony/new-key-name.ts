import { productOfRole, type RoleName } from './role-name.ts';

/** A name for one more key of a role that no key of the workspace has: by its day, then numbered. */
export function newKeyName(role: RoleName, now: Date, taken: ReadonlySet<string>): string {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  const base = `${productOfRole(role) ?? role}-${day}`;
  let name = base;
  for (let number = 2; taken.has(name); number += 1) name = `${base}-${number}`;
  return name;
}
