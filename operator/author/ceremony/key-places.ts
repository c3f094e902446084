import { holdersOf, type Holders } from '../../../shared/ceremony/holders.ts';
import { keyMaterial, type TufKey } from '../../../shared/crypto/public-key.ts';
import type { RoleKeys } from '../../../shared/metadata/fields.ts';
import type { KeysById } from '../../../shared/metadata/keys.ts';
import { Failure } from '../../failure.ts';
import { FIXED_ROLES, productOfRole, type RoleName } from './role-name.ts';
import { directorRootOf, type Standing } from './standing.ts';

/** Where the keys of a role are named: the role itself, the keys of that file, and their holders. */
export interface KeyPlace {
  readonly role: RoleKeys;
  readonly keys: KeysById;
  readonly holders: Holders;
}

/** The keys of a role as they stand. */
export function placeOf(standing: Standing, name: RoleName): KeyPlace {
  const { imageRoot } = standing;
  if (name === 'image-root') return inRoot(imageRoot, 'root');
  if (name === 'image-targets') return inRoot(imageRoot, 'targets');
  if (name === 'director-root') return inRoot(directorRootOf(standing), 'root');
  const { content, file } = standing.imageTargets;
  const delegation = content.delegations?.roles?.find((role) => role.name === productOfRole(name));
  if (delegation === undefined) {
    throw new Failure('product_unknown', `nobody delegated to ${productOfRole(name) ?? name}`);
  }
  const keys = content.delegations?.keys ?? new Map();
  return { role: delegation, keys, holders: holdersOf(file) };
}

/** Every role that people hold keys of. The director's only where this workspace knows it. */
export function roleNames(standing: Standing): readonly RoleName[] {
  const fixed = FIXED_ROLES.filter(
    (role) => role !== 'director-root' || standing.directorRoot !== undefined,
  );
  const delegated = standing.imageTargets.content.delegations?.roles ?? [];
  return [...fixed, ...delegated.map(({ name }) => `product:${name}` as const)];
}

/** The roles in which a key stands, with the id that each knows it by. */
export function placesOfKey(
  standing: Standing,
  key: TufKey,
): readonly { readonly name: RoleName; readonly keyId: string }[] {
  const material = keyMaterial(key);
  return roleNames(standing).flatMap((name) => {
    const { role, keys } = placeOf(standing, name);
    return role.keyids
      .filter((id) => {
        const known = keys.get(id);
        return known !== undefined && keyMaterial(known) === material;
      })
      .map((keyId) => ({ name, keyId }));
  });
}

/**
 * The key that a person means: by its id, by at least eight characters of it, or by the name of its
 * holder where that is one key only.
 */
export function keyMeant(places: readonly KeyPlace[], text: string): TufKey {
  const found = new Map<string, TufKey>();
  for (const { role, keys, holders } of places) {
    for (const id of role.keyids) {
      const key = keys.get(id);
      if (key !== undefined && isMeant(id, holders.get(id)?.name, text)) {
        found.set(keyMaterial(key), key);
      }
    }
  }
  const [key, ...others] = found.values();
  if (key === undefined) throw new Failure('key_unknown', `no role here has a key ${text}`);
  if (others.length > 0) {
    throw new Failure('key_ambiguous', `${text} means ${found.size} keys; give the id of one`);
  }
  return key;
}

const SHORTEST_ID = 8;

function isMeant(id: string, holder: string | undefined, text: string): boolean {
  return holder === text || (text.length >= SHORTEST_ID && id.startsWith(text.toLowerCase()));
}

function inRoot(
  { content, file }: NonNullable<Standing['directorRoot']>,
  role: 'root' | 'targets',
): KeyPlace {
  return { role: content.roles[role], keys: content.keys, holders: holdersOf(file) };
}
