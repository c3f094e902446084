import { keyIdOf, type PublicKey } from '../../shared/crypto/public-key.ts';
import { SPEC_VERSION, tufDate } from '../../shared/metadata/fields.ts';
import type { RootFile } from '../../shared/metadata/root.ts';
import type { TargetsFile } from '../../shared/metadata/targets.ts';

const DAY_MILLISECONDS = 86_400_000;
/** How long an author's word holds before it must be given again. */
export const ROOT_DAYS = 365;
export const TARGETS_DAYS = 180;

/** Keys of a role, and how many of them must sign. */
export interface RoleChoice {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
}

/** The four top-level roles of a repository (TUF 2.1.1). */
export type TopLevelRoles = Readonly<
  Record<'root' | 'targets' | 'snapshot' | 'timestamp', RoleChoice>
>;

/** Version 1 of a root. */
export function firstRoot(roles: TopLevelRoles, now: Date): RootFile {
  const { root, targets, snapshot, timestamp } = roles;
  return {
    _type: 'root',
    spec_version: SPEC_VERSION,
    version: 1,
    expires: daysAfter(now, ROOT_DAYS),
    consistent_snapshot: true,
    keys: keyRecord([root, targets, snapshot, timestamp].flatMap(({ keys }) => keys)),
    roles: {
      root: roleKeys(root),
      targets: roleKeys(targets),
      snapshot: roleKeys(snapshot),
      timestamp: roleKeys(timestamp),
    },
  };
}

/** Version 1 of a targets role that vouches for nothing yet. */
export function emptyTargets(now: Date): TargetsFile {
  return {
    _type: 'targets',
    spec_version: SPEC_VERSION,
    version: 1,
    expires: daysAfter(now, TARGETS_DAYS),
    targets: {},
  };
}

/** Keys under their own ids, each once. */
export function keyRecord(keys: readonly PublicKey[]): Record<string, PublicKey> {
  return Object.fromEntries(keys.map((key) => [keyIdOf(key), key]));
}

/** A role as root and delegations write it. */
export function roleKeys({ keys, threshold }: RoleChoice): { keyids: string[]; threshold: number } {
  const keyids = [...new Set(keys.map(keyIdOf))];
  if (keyids.length < threshold) {
    throw new Error(`bug: ${keyids.length} keys cannot meet a threshold of ${threshold}`);
  }
  return { keyids, threshold };
}

/** TUF date so many days on. */
export function daysAfter(now: Date, days: number): string {
  return tufDate(new Date(now.getTime() + days * DAY_MILLISECONDS));
}
