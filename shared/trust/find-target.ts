import { LIMITS } from '../metadata/limits.ts';
import type { TargetFile, Targets } from '../metadata/targets.ts';
import { loadTargets } from './load-targets.ts';
import { mayVouchFor, succinctRoleFor } from './path-match.ts';
import { Refusal } from './refusal.ts';
import type { Repository, TrustedRepository } from './repository.ts';
import type { Delegation } from './targets.ts';

/**
 * TUF 5.6.7: the first role, in the order of delegation, that vouches for exactly `path`; undefined
 * when none does. Every role on the way matched the path, so the whole chain may speak about it.
 *
 * A role on the way that cannot be verified ends the search with its refusal: going on would let
 * whoever withholds a file choose the answer.
 */
export async function findTarget(
  repository: Repository,
  { root, snapshot, targets }: TrustedRepository,
  path: string,
): Promise<TargetFile | undefined> {
  const top = targets.targets.get(path);
  if (top !== undefined) return top;
  const visited = new Set<string>();
  let open = delegatesOf(targets, path);
  for (;;) {
    const [next, ...others] = open;
    if (next === undefined) return undefined;
    open = others;
    if (visited.has(next.name)) continue; // TUF 5.6.7.1: cycles
    if (visited.size === LIMITS.delegations) {
      throw new Refusal(
        'too_many_delegations',
        `${path} is behind more than ${visited.size} roles`,
      );
    }
    visited.add(next.name);
    const named = snapshot.meta.get(`${next.name}.json`);
    if (named === undefined) return undefined; // TUF 5.6.7.2: a role that the snapshot does not know
    const role = await loadTargets(repository, root, { ...next, named });
    const found = role.targets.get(path);
    if (found !== undefined) return found;
    // TUF 5.6.7.2.1: a terminating role has the last word, so its siblings are not asked. Else
    // TUF 5.6.7.2.2, its own delegates come before them.
    const below = delegatesOf(role, path);
    open = next.terminating ? below : [...below, ...open];
  }
}

interface Delegate extends Omit<Delegation, 'named'> {
  readonly terminating: boolean;
}

function delegatesOf({ delegations }: Targets, path: string): readonly Delegate[] {
  if (delegations === undefined) return [];
  const { keys, roles, succinct_roles: succinct } = delegations;
  if (succinct !== undefined) {
    const name = succinctRoleFor(succinct, path);
    return [{ name, role: succinct, keys, terminating: false }];
  }
  return (roles ?? [])
    .filter((role) => mayVouchFor(role, path))
    .map((role) => ({ name: role.name, role, keys, terminating: role.terminating }));
}
