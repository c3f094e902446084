import type { Database } from '../database/schema.ts';
import { offeredManifest, type OfferedManifest } from '../releases/claimed-manifest.ts';
import { documentFault, type DocumentDeps } from '../releases/document-check.ts';
import type { OfferedRelease, PublishOutcome } from '../releases/publish-outcome.ts';
import { findRelease } from '../releases/release-store.ts';
import { offeredFile } from '../repository/unverified.ts';
import { NO_CHANGE, type Obstacle, type Published } from './change.ts';
import { publishChange, type ChangeGround } from './publish-change-store.ts';

/** What publishing a release rests on. */
export interface PublishGround extends DocumentDeps, ChangeGround {
  readonly db: Database;
}

/**
 * Publishes a release whose role is signed already, all of it or nothing: a change that needs no
 * collecting. Throws the refusal of a device that would not install it.
 */
export async function publishRelease(
  offered: OfferedRelease,
  ground: PublishGround,
): Promise<PublishOutcome> {
  const candidate = offeredManifest(offered.manifest);
  const settled = await earlier(ground.db, candidate);
  if (settled !== undefined) return settled;
  const role = offeredFile(candidate.manifest.product, offered.role);
  const fault = await documentFault(candidate.manifest, ground);
  if (fault !== undefined) return fault;
  return ground.db.transaction().execute(async (tx) => {
    const change = { ...NO_CHANGE, roles: [role], manifests: [candidate] };
    return (await earlier(tx, candidate)) ?? outcomeOf(await publishChange(tx, change, ground));
  });
}

/** A version is published once: the very same again is fine, other bytes never are. */
async function earlier(
  db: Database,
  { manifest, sha256 }: OfferedManifest,
): Promise<PublishOutcome | undefined> {
  const { product, version } = manifest;
  const found = await findRelease(db, product, version);
  if (found === undefined) return undefined;
  const { release } = found;
  if (release.manifestSha256 === sha256) return { kind: 'already_published', release };
  const message = `${product} ${version} is published with manifest ${release.manifestSha256}`;
  return { kind: 'release_conflict', message };
}

function outcomeOf(outcome: Published | Obstacle): PublishOutcome {
  if (outcome.kind === 'published') {
    const [release] = outcome.releases;
    if (release === undefined) throw new Error('bug: a release was published and is not there');
    return { kind: 'published', release };
  }
  const { kind, message } = outcome;
  // Nobody can have registered a product on a server without trust.
  if (kind === 'not_initialised' || kind === 'product_exists') {
    return { kind: 'unknown_product', message };
  }
  return { kind, message };
}
