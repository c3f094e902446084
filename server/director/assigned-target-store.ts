import { LRUCache } from 'lru-cache';
import { manifestPath } from '../../shared/release/names.ts';
import type { ReleaseRow, Tx } from '../database/schema.ts';
import { newestFile } from '../repository/metadata-store.ts';
import { readTargets } from '../repository/unverified.ts';
import type { AssignedTarget } from './director-files.ts';

/**
 * Finds how the author's role names a release, by the sha256 of its manifest; undefined for a recalled
 * one, which a device would refuse.
 */
export type FindAssignedTarget = (
  tx: Tx,
  manifestSha256: string,
) => Promise<AssignedTarget | undefined>;

// A fleet runs a handful of releases; reading a role of 50,000 targets for each device would not do.
const REMEMBERED = 1_000;

/**
 * Remembers what it found: all that changes in a published target is its counter, and its recall. Both
 * stand beside the release too, where reading them costs nothing.
 */
export function assignedTargets(): FindAssignedTarget {
  const known = new LRUCache<string, AssignedTarget>({ max: REMEMBERED });
  return async (tx, manifestSha256) => {
    const release = await readRelease(tx, manifestSha256);
    if (release.state === 'recalled') return undefined;
    const key = `${manifestSha256}:${release.release_counter}`;
    const remembered = known.get(key);
    if (remembered !== undefined) return remembered;
    const target = await readTarget(tx, release);
    known.set(key, target);
    return target;
  };
}

type Named = Pick<ReleaseRow, 'product' | 'version' | 'state' | 'release_counter'>;

async function readRelease(tx: Tx, manifestSha256: string): Promise<Named> {
  const release = await tx
    .selectFrom('releases')
    .select(['product', 'version', 'state', 'release_counter'])
    .where('manifest_sha256', '=', manifestSha256)
    .executeTakeFirst();
  if (release === undefined) throw new Error(`bug: no release ${manifestSha256} to assign`);
  return release;
}

async function readTarget(tx: Tx, { product, version }: Named): Promise<AssignedTarget> {
  const role = await newestFile(tx, 'image', product);
  if (role === undefined) throw new Error(`bug: ${product} has a release and no role`);
  const path = manifestPath(product, version);
  const found = readTargets(role).targets.get(path);
  if (found === undefined) throw new Error(`bug: the role of ${role.role} lost ${path}`);
  const { length, hashes, custom } = found;
  return { path, file: { length, hashes, custom: { mustMatch: custom?.['mustMatch'] } } };
}
