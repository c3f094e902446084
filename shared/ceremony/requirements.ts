import { keyMaterial, type TufKey } from '../crypto/public-key.ts';
import type { RoleKeys } from '../metadata/fields.ts';
import type { KeysById } from '../metadata/keys.ts';
import type { Root } from '../metadata/root.ts';
import type { Targets } from '../metadata/targets.ts';
import type { EventFileName } from './event.ts';

/** The files that say who may sign what, as they stand before an event; each was verified. */
export interface Standing {
  readonly imageRoot: Root;
  readonly imageTargets: Targets;
  /** Undefined for somebody who holds no director keys and never saw its root. */
  readonly directorRoot?: Root | undefined;
}

/** What an event would put in their place. Claims, until their requirements are met. */
export interface Proposed {
  readonly imageRoot?: Root | undefined;
  readonly imageTargets?: Targets | undefined;
  readonly directorRoot?: Root | undefined;
}

/** Whose signatures a file needs: a threshold of these keys. */
export interface Requirement {
  /** The file that says so. */
  readonly by: string;
  readonly threshold: number;
  readonly keys: KeysById;
}

/**
 * Everything that must be met before a device accepts a file. Empty when nobody may sign it: then it is
 * not acceptable at all.
 */
export function requirementsOf(
  { repository, role }: EventFileName,
  standing: Standing,
  proposed: Proposed,
): readonly Requirement[] {
  if (role === 'root') {
    return repository === 'director'
      ? rootNeeds('director', standing.directorRoot, proposed.directorRoot)
      : rootNeeds('image', standing.imageRoot, proposed.imageRoot);
  }
  if (repository === 'director') return [];
  const root = proposed.imageRoot ?? standing.imageRoot;
  return role === 'targets'
    ? [need(rootName('image', root), root.roles.targets, root.keys)]
    : productNeeds(role, proposed.imageTargets ?? standing.imageTargets);
}

/** Whether keys that have signed meet a requirement. The same key under two ids counts once (TAP 12). */
export function isMet(requirement: Requirement, signed: ReadonlySet<string>): boolean {
  return countSigned(requirement, signed) >= requirement.threshold;
}

/** How many different keys of a requirement are among those that have signed. */
export function countSigned({ keys }: Requirement, signed: ReadonlySet<string>): number {
  return materials([...keys].filter(([keyId]) => signed.has(keyId)).map(([, key]) => key)).size;
}

/** Whether a requirement can be met at all: some roles ask for more keys than they have. */
export function isReachable({ threshold, keys }: Requirement): boolean {
  return materials([...keys.values()]).size >= threshold;
}

/** The keys of a role that can count: listed by the role, and of a kind we can check. */
export function keysOfRole({ keyids }: RoleKeys, keys: KeysById): KeysById {
  const usable = new Map<string, TufKey>();
  for (const keyId of keyids) {
    const key = keys.get(keyId);
    if (key !== undefined) usable.set(keyId, key);
  }
  return usable;
}

/** TUF 6.1: the next root is signed by a threshold of the keys before and by one of its own. */
function rootNeeds(
  repository: EventFileName['repository'],
  before: Root | undefined,
  after: Root | undefined,
): readonly Requirement[] {
  if (before === undefined || after === undefined) return [];
  return [before, after].map((root) =>
    need(rootName(repository, root), root.roles.root, root.keys),
  );
}

function productNeeds(product: string, { version, delegations }: Targets): readonly Requirement[] {
  const delegation = delegations?.roles?.find(({ name }) => name === product);
  if (delegations === undefined || delegation === undefined) return [];
  return [need(`image targets v${version}`, delegation, delegations.keys)];
}

function need(by: string, role: RoleKeys, keys: KeysById): Requirement {
  return { by, threshold: role.threshold, keys: keysOfRole(role, keys) };
}

function rootName(repository: EventFileName['repository'], { version }: Root): string {
  return `${repository} root v${version}`;
}

function materials(keys: readonly TufKey[]): ReadonlySet<string> {
  return new Set(keys.map(keyMaterial));
}
