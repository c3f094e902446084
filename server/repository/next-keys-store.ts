import { appendAudit } from '../audit/audit-store.ts';
import type { Database } from '../database/schema.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import {
  byRole,
  publicKeysOf,
  type OnlineKeys,
  type OnlinePublicKeys,
  type OnlineRole,
} from '../keys/online-keys.ts';
import { listRoots, newestFile, type RepositoryName } from './metadata-store.ts';
import { namedKeys } from './named-keys-store.ts';
import type { SignedFile } from './online-files.ts';
import { readRoot } from './unverified.ts';

/** Who asks, and when. */
export interface NextKeysGround {
  readonly actor: string;
  readonly now: Date;
}

/**
 * The keys as a next root should name them: for these roles keys that no root has named yet, made now if
 * there are none, for the others those that sign today. Undefined before trust is founded, when the
 * first keys are still next.
 */
export async function nextKeys(
  db: Database,
  ring: KeyRing,
  roles: readonly OnlineRole[],
  { actor, now }: NextKeysGround,
): Promise<OnlinePublicKeys | undefined> {
  if ((await newestFile(db, 'director', 'root')) === undefined) return undefined;
  const named = await everNamed(db);
  const held = new Set(ring.publicKeys());
  const next = new Map<OnlineRole, OnlineKeys['image']['snapshot']>();
  for (const role of roles) next.set(role, await ring.nextFor(role, (keyId) => named.has(keyId)));
  const made = [...next].filter(([, { publicKey }]) => !held.has(publicKey));
  if (made.length > 0) {
    const after = Object.fromEntries(made.map(([role, { keyId }]) => [role, keyId]));
    const entry = { at: now, actor, action: 'online_keys_made', subject: 'keys:online', after };
    await db.transaction().execute((tx) => appendAudit(tx, entry));
  }
  return publicKeysOf(merged(await namedKeys(db, ring.findSigner), next));
}

/**
 * Removes private keys that a root named once and the newest root does not: whoever still asked for
 * their signature was told of their successors first.
 */
export async function retireKeys(db: Database, ring: KeyRing): Promise<readonly string[]> {
  const named = await everNamed(db);
  const current = new Set<string>();
  for (const repository of ['image', 'director'] as const) {
    const root = await newestFile(db, repository, 'root');
    for (const keyId of root === undefined ? [] : keyIdsIn(root)) current.add(keyId);
  }
  return ring.retire((keyId) => named.has(keyId) && !current.has(keyId));
}

async function everNamed(db: Database): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for (const repository of ['image', 'director'] as const satisfies readonly RepositoryName[]) {
    for (const root of await listRoots(db, repository)) {
      for (const keyId of keyIdsIn(root)) named.add(keyId);
    }
  }
  return named;
}

function keyIdsIn(root: SignedFile): readonly string[] {
  const { roles } = readRoot(root);
  return [roles.root, roles.targets, roles.snapshot, roles.timestamp].flatMap(
    ({ keyids }) => keyids,
  );
}

function merged(
  today: OnlineKeys,
  next: ReadonlyMap<OnlineRole, OnlineKeys['image']['snapshot']>,
): OnlineKeys {
  return byRole((role) => next.get(role) ?? keyOf(today, role));
}

function keyOf({ image, director }: OnlineKeys, role: OnlineRole): OnlineKeys['image']['snapshot'] {
  switch (role) {
    case 'image/snapshot':
      return image.snapshot;
    case 'image/timestamp':
      return image.timestamp;
    case 'director/targets':
      return director.targets;
    case 'director/snapshot':
      return director.snapshot;
    case 'director/timestamp':
      return director.timestamp;
  }
}
