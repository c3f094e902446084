import { LIMITS } from '../metadata/limits.ts';
import type { Root } from '../metadata/root.ts';
import type { Targets } from '../metadata/targets.ts';
import { floorOf } from './floors.ts';
import { held } from './held.ts';
import { fetchWhole, type FetchFile, type Repository } from './repository.ts';
import { acceptTargets, type Delegation } from './targets.ts';

/** One targets role, verified against *this* delegation (A19), from our copy or fetched (TUF 5.6). */
export async function loadTargets(
  { fetch, store, startedAt, profile }: Repository,
  root: Root,
  delegation: Delegation,
): Promise<Targets> {
  const { name } = delegation;
  const floors = await store.loadFloors();
  const ground = { root, floors, startedAt, profile };
  const stored = await store.load(name);
  const kept = stored && held(() => acceptTargets(stored, delegation, ground));
  // TUF 5.3.11 may have forgotten the floors: our own copy sets this one again.
  if (kept !== undefined && floors.roles.has(name)) return kept.content;

  const bytes = kept?.bytes ?? (await fetchRole(fetch, root, delegation));
  const accepted = kept ?? acceptTargets(bytes, delegation, ground);
  await store.saveFloors({ ...floors, roles: new Map(floors.roles).set(name, floorOf(accepted)) });
  if (kept === undefined) await store.save(name, bytes); // TUF 5.6.6
  return accepted.content;
}

async function fetchRole(
  fetch: FetchFile,
  root: Root,
  { name, named }: Delegation,
): Promise<Uint8Array> {
  const file = `${encodeURIComponent(name)}.json`; // A28: a role may be called `../x`
  const offered = root.consistent_snapshot ? `${named.version}.${file}` : file;
  return fetchWhole(fetch, offered, Math.min(named.length ?? Infinity, LIMITS.targetsBytes));
}
