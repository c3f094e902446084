import { nameOfFile } from '../../shared/ceremony/event.ts';
import { isReachable } from '../../shared/ceremony/requirements.ts';
import type { RoleKeys } from '../../shared/metadata/fields.ts';
import type { KeysById } from '../../shared/metadata/keys.ts';
import { manifestPath } from '../../shared/release/names.ts';
import { requireFresh } from '../../shared/trust/expiry.ts';
import { SEALIFT_PROFILE } from '../../shared/trust/profile.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { openFile, requireOwnKeyIds, requireThreshold } from '../../shared/trust/signed-file.ts';
import type { Tx } from '../database/schema.ts';
import { newestFile } from '../repository/metadata-store.ts';
import { readRoot, readTargets } from '../repository/unverified.ts';
import type { Change } from './change.ts';
import { acceptOffered } from './publish-change-store.ts';
import type { EventFile, Needs } from './signing-event.ts';

/** What is known when an event is opened. */
export interface Foresight {
  readonly files: readonly EventFile[];
  readonly needs: Needs;
  readonly change: Change;
  readonly now: Date;
}

/**
 * Throws the refusal that devices would answer to this change however many holders signed it, so that
 * nobody signs in vain. The gate judges again, with the signatures, before anything is visible.
 */
export async function foreseeRefusal(tx: Tx, foresight: Foresight): Promise<void> {
  const { files, needs, change, now } = foresight;
  for (const file of files) {
    requireFresh(nameOfFile(file), file, now);
    requireSignable(file, needs);
  }
  requireOwnIds(change);
  for (const { bytes, manifest } of change.manifests) {
    const path = manifestPath(manifest.product, manifest.version);
    const role = change.roles.find((file) => file.role === manifest.product);
    acceptOffered(bytes, path, role && readTargets(role).targets.get(path));
  }
  await requireStandingFilesHold(tx, change);
}

function requireSignable(file: EventFile, needs: Needs): void {
  const requirements = needs.get(nameOfFile(file)) ?? [];
  if (requirements.length > 0 && requirements.every(isReachable)) return;
  throw new Refusal('threshold_not_met', `${nameOfFile(file)} has not keys enough to be signed by`);
}

function requireOwnIds({ imageRoot, directorRoot, imageTargets }: Change): void {
  for (const root of [imageRoot, directorRoot]) {
    if (root !== undefined) requireOwnKeyIds('root', readRoot(root).keys, SEALIFT_PROFILE);
  }
  if (imageTargets === undefined) return;
  const { delegations } = readTargets(imageTargets);
  requireOwnKeyIds('targets', delegations?.keys ?? new Map(), SEALIFT_PROFILE);
}

/** Files that stay as they are must reach the thresholds of keys that change above them. */
async function requireStandingFilesHold(
  tx: Tx,
  { imageRoot, imageTargets, roles }: Change,
): Promise<void> {
  if (imageTargets !== undefined) {
    const changed = new Set(roles.map(({ role }) => role));
    const { delegations } = readTargets(imageTargets);
    const kept = (delegations?.roles ?? []).filter(({ name }) => !changed.has(name));
    for (const role of kept) await requireHolds(tx, role.name, role, delegations?.keys);
  } else if (imageRoot !== undefined) {
    const root = readRoot(imageRoot);
    await requireHolds(tx, 'targets', root.roles.targets, root.keys);
  }
}

async function requireHolds(
  tx: Tx,
  role: string,
  by: RoleKeys,
  keys: KeysById = new Map(),
): Promise<void> {
  const file = await newestFile(tx, 'image', role);
  if (file === undefined) return; // the role of a new product, which our rules ask for
  const name = `${role} v${file.version}, which this change does not sign again,`;
  requireThreshold(name, openFile(role, file.bytes), by, keys);
}
