import { isReachable, keysOfRole } from '../../shared/ceremony/requirements.ts';
import { keyMaterial, type PublicKey } from '../../shared/crypto/public-key.ts';
import type { RoleKeys } from '../../shared/metadata/fields.ts';
import type { KeysById } from '../../shared/metadata/keys.ts';
import type { Root } from '../../shared/metadata/root.ts';
import type { DelegatedRole, Targets } from '../../shared/metadata/targets.ts';

/**
 * What our own repositories must keep beyond TUF, so that no key of the server can ever vouch for
 * firmware. Each rule answers a sentence when it is broken.
 */
export type Broken = string | undefined;

/** Only authors hold root and image targets; the server's keys in them would make it an author. */
export function checkOfflineRoles(
  root: Root,
  roles: readonly ('root' | 'targets')[],
  online: readonly PublicKey[],
): Broken {
  const guilty = roles.find((role) => holdsAny(root.roles[role], root.keys, online));
  return guilty && `the server's own key may not sign ${guilty}`;
}

/**
 * The next root of either repository: authors keep root and targets, every role of theirs can still be
 * signed, and files keep the names under which devices ask for them.
 */
export function checkNextRoot(
  root: Root,
  roles: readonly ('root' | 'targets')[],
  online: readonly PublicKey[],
): Broken {
  if (!root.consistent_snapshot) return 'a root must keep consistent snapshots';
  const faults = roles.map((role) => checkKeys(role, root.roles[role], root.keys));
  return faults.find((fault) => fault !== undefined) ?? checkOfflineRoles(root, roles, online);
}

/** A role that nobody can ever sign again, or whose threshold says more than its keys, is a mistake. */
export function checkKeys(name: string, role: RoleKeys, keys: KeysById): Broken {
  const usable = keysOfRole(role, keys);
  if (usable.size < role.keyids.length)
    return `${name} names a key that is missing or of no known kind`;
  const materials = new Set([...usable.values()].map(keyMaterial));
  if (materials.size < usable.size) return `${name} names one key under two ids`;
  if (isReachable({ by: name, threshold: role.threshold, keys: usable })) return undefined;
  return `${name} would need ${role.threshold} signatures and has ${materials.size} keys`;
}

/**
 * Top-level image targets: they vouch for nothing themselves, and each product has exactly one
 * terminating role over exactly `<product>/<version>/<file>`, not held by the server.
 */
export function checkImageTargets(
  targets: Targets,
  products: readonly string[],
  online: readonly PublicKey[],
): Broken {
  if (targets.targets.size > 0) return 'image targets may only delegate, not list releases';
  const { roles = [], keys = new Map() } = targets.delegations ?? {};
  const named = roles.map(({ name }) => name);
  const missing = products.find((product) => !named.includes(product));
  if (missing !== undefined) return `image targets do not delegate ${missing}`;
  const stranger = named.find((name) => !products.includes(name));
  if (stranger !== undefined) return `image targets delegate ${stranger}, which is no product`;
  return roles.map((role) => checkDelegation(role, keys, online)).find((broken) => broken);
}

function checkDelegation(
  role: DelegatedRole,
  keys: KeysById,
  online: readonly PublicKey[],
): Broken {
  const { name, paths = [], terminating } = role;
  const isExact = paths.length === 1 && paths[0] === `${name}/*/*`;
  if (!isExact || !terminating) {
    return `${name} must be terminating and delegated exactly ${name}/*/*`;
  }
  const broken = checkKeys(name, role, keys);
  if (broken !== undefined) return broken;
  return holdsAny(role, keys, online) ? `the server's own key may not sign ${name}` : undefined;
}

/** A product's role speaks for itself: a further delegation would be a second author nobody sees. */
export function checkProductRole(product: string, role: Targets): Broken {
  return role.delegations === undefined ? undefined : `the role of ${product} may not delegate`;
}

function holdsAny(role: RoleKeys, keys: KeysById, online: readonly PublicKey[]): boolean {
  const ours = new Set(online.map(keyMaterial));
  return role.keyids.some((id) => {
    const key = keys.get(id);
    return key !== undefined && ours.has(keyMaterial(key));
  });
}
