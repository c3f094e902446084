import type { RoleKeys } from '../metadata/fields.ts';
import type { KeysById } from '../metadata/keys.ts';
import type { Targets } from '../metadata/targets.ts';
import type { MetaFile } from '../metadata/timestamp.ts';
import { requireFresh } from './expiry.ts';
import { floorOf, requireFloor } from './floors.ts';
import { requireNamedBytes, requireNamedVersion } from './named-by-parent.ts';
import { SEALIFT_PROFILE } from './profile.ts';
import {
  openFile,
  readContent,
  requireOwnKeyIds,
  requireThreshold,
  type VerifiedFile,
} from './signed-file.ts';
import type { Ground } from './timestamp.ts';

/** Who says that a role may sign, and which file of it is the current one. */
export interface Delegation {
  /** `targets`, or the name of a delegated role. */
  readonly name: string;
  readonly role: RoleKeys;
  /** The *delegator's* keys: a role reached by two ways must hold on each (TUF 5.6.3, 5.6.7). */
  readonly keys: KeysById;
  /** What the snapshot lists. */
  readonly named: MetaFile;
}

/** The targets file of one role to trust from now on (TUF 5.6), or a {@link Refusal}. */
export function acceptTargets(
  bytes: Uint8Array,
  { name, role, keys, named }: Delegation,
  ground: Ground,
): VerifiedFile<Targets> {
  requireNamedBytes(name, bytes, named); // TUF 5.6.2
  const offered = openFile(name, bytes);
  requireThreshold(name, offered, role, keys); // TUF 5.6.3
  const { profile = SEALIFT_PROFILE } = ground;
  const targets = readContent(name, offered, profile.targets);
  requireOwnKeyIds(name, targets.content.delegations?.keys ?? new Map(), profile);
  requireNamedVersion(name, targets.content.version, named); // TUF 5.6.4
  requireFloor(name, floorOf(targets), ground.floors.roles.get(name), profile);
  requireFresh(name, targets.content, ground.startedAt); // TUF 5.6.5
  return targets;
}
