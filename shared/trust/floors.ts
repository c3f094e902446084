import * as z from 'zod/mini';
import { Sha256, Version } from '../metadata/fields.ts';
import type { Profile } from './profile.ts';
import { Refusal } from './refusal.ts';

const Floor = z.strictObject({ version: Version, contentSha256: Sha256 });

/** The newest version of a file that was ever verified, and what it said. */
export type Floor = Readonly<z.infer<typeof Floor>>;

const byName = <T extends z.core.$ZodType>(
  value: T,
): z.ZodMiniType<ReadonlyMap<string, z.output<T>>> =>
  z.pipe(
    z.record(z.string(), value),
    z.transform((record) => new Map(Object.entries(record))),
  );

/** The form of {@link RepositoryFloors} in a file. */
export const RepositoryFloorsSchema = z.strictObject({
  root: z.optional(Version),
  timestamp: z.optional(Floor),
  snapshot: z.optional(Floor),
  listed: byName(Version),
  roles: byName(Floor),
});

/**
 * What one repository may never go below. Kept apart from the metadata files, and twice, so that
 * losing a file never opens the way back.
 */
export interface RepositoryFloors {
  readonly root?: number | undefined;
  readonly timestamp?: Floor | undefined;
  readonly snapshot?: Floor | undefined;
  /** What the trusted snapshot listed, by file name (TUF 5.5.5). */
  readonly listed: ReadonlyMap<string, number>;
  /** Targets roles that were verified, by role name. */
  readonly roles: ReadonlyMap<string, Floor>;
}

/** A repository of which nothing has been verified yet. */
export const NO_FLOORS: RepositoryFloors = { listed: new Map(), roles: new Map() };

/** The floors as plain data, for a file; {@link RepositoryFloorsSchema} reads them back. */
export function plainFloors(floors: RepositoryFloors): unknown {
  const { listed, roles } = floors;
  return { ...floors, listed: Object.fromEntries(listed), roles: Object.fromEntries(roles) };
}

/** TUF 5.3.11: once the keys of timestamp or snapshot changed, an attacker's high numbers lose force. */
export function forgetOnlineVersions({ root }: RepositoryFloors): RepositoryFloors {
  return { ...NO_FLOORS, root };
}

/**
 * TUF 5.4.3, 5.5.5: never older than the floor; and (Uptane 5.2.1, made strict) never other content
 * under the same number.
 */
export function requireFloor(
  name: string,
  offered: Floor,
  floor: Floor | undefined,
  { forbidsReusedVersions }: Profile,
): void {
  if (floor === undefined) return;
  requireVersion(name, offered.version, floor.version);
  const isReused =
    offered.version === floor.version && offered.contentSha256 !== floor.contentSha256;
  if (isReused && forbidsReusedVersions) {
    throw new Refusal(
      'version_reused',
      `${name} v${offered.version} was verified before with other content`,
    );
  }
}

/** TUF 5.4.3.1, 5.4.3.2: an older version is refused, also when the trusted one has expired. */
export function requireVersion(name: string, offered: number, trusted: number | undefined): void {
  if (trusted !== undefined && offered < trusted) {
    throw new Refusal(
      'version_rolled_back',
      `${name} v${offered} is older than trusted v${trusted}`,
    );
  }
}

/** The floor that a verified file sets. */
export function floorOf(file: {
  readonly content: { readonly version: number };
  readonly contentSha256: string;
}): Floor {
  return { version: file.content.version, contentSha256: file.contentSha256 };
}
