import { LIMITS } from '../metadata/limits.ts';
import type { Root } from '../metadata/root.ts';
import type { Snapshot } from '../metadata/snapshot.ts';
import type { Timestamp } from '../metadata/timestamp.ts';
import { requireFresh } from './expiry.ts';
import { floorOf, forgetOnlineVersions, requireVersion } from './floors.ts';
import { held } from './held.ts';
import { loadTargets } from './load-targets.ts';
import { Refusal } from './refusal.ts';
import { fetchWhole, requireSize, type Repository, type TrustedRepository } from './repository.ts';
import { acceptFirstRoot, acceptNextRoot, rotatesOnlineKeys } from './root.ts';
import { acceptSnapshot } from './snapshot.ts';
import { acceptTimestamp, verifyTimestamp, type Ground } from './timestamp.ts';

/**
 * TUF 5.3 to 5.6 for one repository, in order: every step persists what it verified before the next
 * begins, so an interrupted refresh goes on where it stopped, and a refused one changes nothing
 * that was trusted.
 */
export async function refresh(repository: Repository): Promise<TrustedRepository> {
  return refreshBelow(repository, await followRoots(repository));
}

/** TUF 5.4 to 5.6, below a root that was followed to its newest version. */
export async function refreshBelow(repository: Repository, root: Root): Promise<TrustedRepository> {
  const timestamp = await refreshTimestamp(repository, root);
  const snapshot = await refreshSnapshot(repository, root, timestamp);
  const named = snapshot.meta.get('targets.json');
  if (named === undefined) throw new Refusal('role_removed', 'snapshot lists no targets.json');
  const targets = await loadTargets(repository, root, {
    name: 'targets',
    role: root.roles.targets,
    keys: root.keys,
    named,
  });
  return { root, snapshot, targets };
}

/** TUF 5.3: from the trusted root to the newest, one by one, each kept as soon as it is trusted. */
export async function followRoots(repository: Repository): Promise<Root> {
  const { fetch, store, startedAt, profile } = repository;
  let trusted = newestHeld(repository, await store.load('root'));
  for (let followed = 0; ; followed += 1) {
    const name = `${trusted.version + 1}.root.json`;
    const bytes = await fetch(name, LIMITS.rootBytes);
    if (bytes === undefined) break; // TUF 5.3.9: there is no next
    if (followed === LIMITS.roots) throw new Refusal('too_many_roots', `after ${followed} roots`);
    requireSize(name, bytes, LIMITS.rootBytes);
    const next = acceptNextRoot(bytes, trusted, profile);
    // TUF 5.3.11, before the root is kept: cut between the two, nothing is lost but a cache.
    if (rotatesOnlineKeys(trusted, next.content)) await forgetOnline(store);
    await store.saveFloors({ ...(await store.loadFloors()), root: next.content.version });
    await store.save('root', bytes); // TUF 5.3.8
    trusted = next.content; // TUF 5.3.7
  }
  requireVersion('root', trusted.version, (await store.loadFloors()).root);
  requireFresh('root', trusted, startedAt); // TUF 5.3.10, only the last
  return trusted;
}

async function forgetOnline(store: Repository['store']): Promise<void> {
  await store.saveFloors(forgetOnlineVersions(await store.loadFloors()));
  await store.remove('timestamp');
  await store.remove('snapshot');
}

/** TUF 5.3.2: the root the device came with, or a newer one that it verified since and that still reads. */
function newestHeld({ firstRoot, profile }: Repository, stored: Uint8Array | undefined): Root {
  const first = acceptFirstRoot(firstRoot, profile).content;
  const kept = stored && held(() => acceptFirstRoot(stored, profile))?.content;
  return kept !== undefined && kept.version > first.version ? kept : first;
}

async function refreshTimestamp(
  { fetch, store, startedAt, askedAt, profile }: Repository,
  root: Root,
): Promise<Timestamp> {
  const floors = await store.loadFloors();
  const stored = await store.load('timestamp');
  const trusted = stored && held(() => verifyTimestamp(stored, root));
  const bytes = await fetchWhole(fetch, 'timestamp.json', LIMITS.timestampBytes);
  const ground: Ground = { root, floors, startedAt: askedAt ?? startedAt, profile };
  const accepted = acceptTimestamp(bytes, trusted, ground);
  if (accepted !== trusted) {
    await store.saveFloors({ ...floors, timestamp: floorOf(accepted) });
    await store.save('timestamp', accepted.bytes); // TUF 5.4.5
  }
  return accepted.content;
}

async function refreshSnapshot(
  { fetch, store, startedAt, askedAt, profile }: Repository,
  root: Root,
  timestamp: Timestamp,
): Promise<Snapshot> {
  const floors = await store.loadFloors();
  const ground: Ground = { root, floors, startedAt: askedAt ?? startedAt, profile };
  const stored = await store.load('snapshot');
  const kept = stored && held(() => acceptSnapshot(stored, timestamp, ground));
  if (kept !== undefined) return kept.content;

  const { version, length } = timestamp.meta['snapshot.json'];
  // TUF 5.3.12: only then do files have their versions in their names.
  const name = root.consistent_snapshot ? `${version}.snapshot.json` : 'snapshot.json';
  const bytes = await fetchWhole(fetch, name, Math.min(length ?? Infinity, LIMITS.snapshotBytes));
  const accepted = acceptSnapshot(bytes, timestamp, ground);
  const listed = new Map([...accepted.content.meta].map(([file, meta]) => [file, meta.version]));
  await store.saveFloors({ ...floors, snapshot: floorOf(accepted), listed });
  await store.save('snapshot', accepted.bytes); // TUF 5.5.7
  return accepted.content;
}
