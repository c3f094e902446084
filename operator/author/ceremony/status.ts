import {
  daysSince,
  daysUntil,
  expiryLevel,
  type ExpiryLevel,
} from '../../../shared/ceremony/expiry-level.ts';
import type { Holder } from '../../../shared/ceremony/holders.ts';
import { keyIdOf } from '../../../shared/crypto/public-key.ts';
import type { HeldKey } from '../held-key.ts';
import { placeOf, roleNames } from './key-places.ts';
import type { RoleName } from './role-name.ts';
import type { Standing } from './standing.ts';

/** A role that people hold keys of, as it stands. */
export interface RoleStatus {
  readonly role: RoleName;
  readonly threshold: number;
  readonly keys: readonly KeyStatus[];
}

export interface KeyStatus {
  readonly id: string;
  readonly holder: string | null;
  /** When its holder got it, as far as metadata or this workspace knows. */
  readonly since: string | null;
  readonly ageDays: number | null;
  /** Its name in this workspace, if it is here. */
  readonly here: string | null;
}

/** How long a file that people sign still holds. */
export interface FileStatus {
  readonly repository: 'image' | 'director';
  readonly role: string;
  readonly version: number;
  readonly expires: string;
  readonly daysLeft: number;
  readonly level: ExpiryLevel;
}

/** Who holds what. */
export function roleStatus(
  standing: Standing,
  held: readonly HeldKey[],
  now: Date,
): readonly RoleStatus[] {
  const here = new Map(held.map((key) => [keyIdOf(key.publicKey), key]));
  return roleNames(standing).map((name) => {
    const { role, holders } = placeOf(standing, name);
    const keys = role.keyids.map((id) => keyStatus(id, holders.get(id), here.get(id), now));
    return { role: name, threshold: role.threshold, keys };
  });
}

/** Every file that only people can renew. */
export function fileStatus(standing: Standing, now: Date): readonly FileStatus[] {
  const { imageRoot, directorRoot, imageTargets, products } = standing;
  const row = (
    repository: FileStatus['repository'],
    role: string,
    { version, expires }: { readonly version: number; readonly expires: Date },
  ): FileStatus => ({
    ...{ repository, role, version, expires: expires.toISOString() },
    ...{ daysLeft: daysUntil(expires, now), level: expiryLevel(expires, now) },
  });
  return [
    row('image', 'root', imageRoot.content),
    ...(directorRoot === undefined ? [] : [row('director', 'root', directorRoot.content)]),
    row('image', 'targets', imageTargets.content),
    ...[...products].map(([product, { content }]) => row('image', product, content)),
  ];
}

function keyStatus(
  id: string,
  holder: Holder | undefined,
  here: HeldKey | undefined,
  now: Date,
): KeyStatus {
  const since = holder?.since ?? here?.createdAt ?? null;
  return {
    id,
    holder: holder?.name ?? null,
    since,
    ageDays: since === null ? null : daysSince(new Date(since), now),
    here: here?.name ?? null,
  };
}
