import { keyIdOf, type PublicKey } from '../../../shared/crypto/public-key.ts';
import { holdersOf, withHolders, type Holders } from '../../../shared/ceremony/holders.ts';
import { RootSchema, type RootFile } from '../../../shared/metadata/root.ts';
import { TargetsSchema, type TargetsFile } from '../../../shared/metadata/targets.ts';
import { Failure } from '../../failure.ts';
import { keyRecord } from '../first-metadata.ts';
import { changeKeys, type KeyChange, type NextKeys } from './key-change.ts';

/** Who is named as the holder of the keys that a change adds, and since when. */
export interface NewHolders {
  /** By key id; a key that nobody is named for stays without a name. */
  readonly names: ReadonlyMap<string, string>;
  readonly since: string;
}

export type RootRole = 'root' | 'targets' | 'snapshot' | 'timestamp';

/** A root in which the keys of one role have changed; keys that no role names any more are gone. */
export function withRootKeys(
  root: RootFile,
  role: RootRole,
  change: KeyChange,
  holders: NewHolders,
): RootFile {
  const read = RootSchema.parse(root);
  const next = changeKeys({ name: role, role: read.roles[role], keys: read.keys }, change);
  const roles = {
    ...root.roles,
    [role]: { ...root.roles[role], keyids: [...next.keyids], threshold: next.threshold },
  };
  const used = new Set(
    Object.values(roles as Record<string, { readonly keyids?: readonly string[] }>).flatMap(
      ({ keyids = [] }) => keyids,
    ),
  );
  const keys = usedKeys({ ...root.keys, ...keyRecord(next.added) }, used);
  return named({ ...root, roles, keys }, used, next, holders);
}

/** Image targets in which the keys of one product have changed. */
export function withProductKeys(
  targets: TargetsFile,
  product: string,
  change: KeyChange,
  holders: NewHolders,
): TargetsFile {
  const read = TargetsSchema.parse(targets);
  const delegation = read.delegations?.roles?.find(({ name }) => name === product);
  const { delegations } = targets;
  if (delegation === undefined || delegations?.roles === undefined) {
    throw new Failure('product_unknown', `nobody delegated to ${product}`);
  }
  const known = read.delegations?.keys ?? new Map();
  const next = changeKeys({ name: product, role: delegation, keys: known }, change);
  const roles = delegations.roles.map((role) =>
    role.name === product ? { ...role, keyids: [...next.keyids], threshold: next.threshold } : role,
  );
  const used = new Set(roles.flatMap(({ keyids }) => keyids));
  const keys = usedKeys({ ...delegations.keys, ...keyRecord(next.added) }, used);
  return named({ ...targets, delegations: { ...delegations, keys, roles } }, used, next, holders);
}

function usedKeys(
  keys: Readonly<Record<string, unknown>>,
  used: ReadonlySet<string>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(keys).filter(([id]) => used.has(id)));
}

/** Names follow keys: new ones are written down, those of keys that are gone are struck out. */
function named<T extends Readonly<Record<string, unknown>>>(
  file: T,
  used: ReadonlySet<string>,
  { added }: NextKeys,
  { names, since }: NewHolders,
): T {
  const before = holdersOf(file);
  const after = new Map([...before].filter(([id]) => used.has(id)));
  for (const [id, name] of namesOf(added, names)) {
    if (!after.has(id)) after.set(id, { name, since });
  }
  return isSame(before, after) ? file : withHolders(file, after);
}

function namesOf(
  keys: readonly PublicKey[],
  names: NewHolders['names'],
): readonly (readonly [string, string])[] {
  return keys.map(keyIdOf).flatMap((id) => {
    const name = names.get(id);
    return name === undefined ? [] : [[id, name] as const];
  });
}

function isSame(left: Holders, right: Holders): boolean {
  return left.size === right.size && [...left].every(([id]) => right.has(id));
}
