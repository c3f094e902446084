import { LRUCache } from 'lru-cache';
import { manifestPath } from '../../shared/release/names.ts';
import type { Tx } from '../database/schema.ts';
import { newestFile } from '../repository/metadata-store.ts';
import { readTargets } from '../repository/unverified.ts';
import type { AssignedTarget } from './director-files.ts';

/** Finds how the author's role names a release, by the sha256 of its manifest. */
export type FindAssignedTarget = (tx: Tx, manifestSha256: string) => Promise<AssignedTarget>;

// A fleet runs a handful of releases; reading a role of 50,000 targets for each device would not do.
const REMEMBERED = 1_000;

/** Remembers what it found: a published target never changes, the publish gate sees to that. */
export function assignedTargets(): FindAssignedTarget {
  const known = new LRUCache<string, AssignedTarget>({ max: REMEMBERED });
  return async (tx, manifestSha256) => {
    const remembered = known.get(manifestSha256);
    if (remembered !== undefined) return remembered;
    const target = await readTarget(tx, manifestSha256);
    known.set(manifestSha256, target);
    return target;
  };
}

async function readTarget(tx: Tx, manifestSha256: string): Promise<AssignedTarget> {
  const release = await tx
    .selectFrom('releases')
    .select(['product', 'version'])
    .where('manifest_sha256', '=', manifestSha256)
    .executeTakeFirst();
  const role = release && (await newestFile(tx, 'image', release.product));
  if (role === undefined) throw new Error(`bug: no release ${manifestSha256} to assign`);
  const path = manifestPath(release?.product ?? '', release?.version ?? '');
  const found = readTargets(role).targets.get(path);
  if (found === undefined) throw new Error(`bug: the role of ${role.role} lost ${path}`);
  const { length, hashes, custom } = found;
  return { path, file: { length, hashes, custom: { mustMatch: custom?.['mustMatch'] } } };
}
