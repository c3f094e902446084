import { holdersOf } from '../../../shared/ceremony/holders.ts';
import { keyMaterial } from '../../../shared/crypto/public-key.ts';
import type { Root, RootFile } from '../../../shared/metadata/root.ts';
import { offlineDays } from '../../../shared/trust/offline.ts';
import { ROOT_DAYS } from '../first-metadata.ts';
import { describeHolders } from './describe-holders.ts';
import { describeKeys, type KeySide } from './describe-keys.ts';
import { describeExpiry, describeRest, describeStrayKeys, fieldsOf } from './describe-rest.ts';
import { change, danger, type Finding } from './finding.ts';

/** One version of a root: as it is read and as it is written. */
export interface RootSide {
  readonly content: Root;
  readonly file: RootFile;
}

const ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;

/** What a next root changes. */
export function describeRoot(
  repository: 'image' | 'director',
  before: RootSide,
  after: RootSide,
  now: Date,
): readonly Finding[] {
  const name = `${repository} root v${after.content.version}`;
  const roles = ROLES.flatMap((role) =>
    describeKeys(`${repository} ${role}`, sideOf(before, role), sideOf(after, role)),
  );
  return [
    ...describeExpiry(name, after.content, ROOT_DAYS, now),
    ...roles,
    ...(repository === 'director' ? describeOffline(name, before.file, after.file) : []),
    ...onlineInOffline(repository, after.content),
    ...describeStrayKeys(name, after.file.keys, keyIdsOf(after)),
    ...describeHolders(name, before.file, after.file, keyIdsOf(before, after)),
    ...describeRest(name, before.file, after.file, EXPLAINED),
    ...describeRest(`${name} roles`, before.file.roles, after.file.roles, ROLES),
    ...ROLES.flatMap((role) =>
      describeRest(
        `${name} role ${role}`,
        fieldsOf(before.file.roles[role]),
        fieldsOf(after.file.roles[role]),
        ['keyids', 'threshold'],
      ),
    ),
  ];
}

// Keys are told by the roles that name them, holders with the keys.
const EXPLAINED = ['version', 'expires', 'keys', 'roles', 'x-sealift'];

function keyIdsOf(...sides: readonly RootSide[]): readonly string[] {
  return [
    ...new Set(sides.flatMap(({ content }) => ROLES.flatMap((r) => content.roles[r].keyids))),
  ];
}

function sideOf({ content, file }: RootSide, role: (typeof ROLES)[number]): KeySide {
  return { role: content.roles[role], keys: content.keys, holders: holdersOf(file) };
}

/** How long a word may hold that nobody asked for: more is a danger, less is not. */
function describeOffline(name: string, before: RootFile, after: RootFile): readonly Finding[] {
  const [was, is] = [offlineDays(before), offlineDays(after)];
  if (was === is) return [];
  const text = `${name}: offline bundles may hold for ${is} days (before: ${was})`;
  return [is > was ? danger(text) : change(text)];
}

/** The roles that the server signs with keys of its own; every other one is of people. */
function onlineRoles(repository: 'image' | 'director'): readonly (typeof ROLES)[number][] {
  return repository === 'image' ? ['snapshot', 'timestamp'] : ['targets', 'snapshot', 'timestamp'];
}

/** A key of the server in a role of people would make the server an author. */
function onlineInOffline(repository: 'image' | 'director', root: Root): readonly Finding[] {
  const online = onlineRoles(repository);
  const servers = new Set(online.flatMap((role) => materials(root, role)));
  return ROLES.filter((role) => !online.includes(role))
    .filter((role) => materials(root, role).some((material) => servers.has(material)))
    .map((role) => danger(`${repository} ${role}: THE SERVER'S OWN KEY COULD SIGN IT`));
}

function materials({ roles, keys }: Root, role: (typeof ROLES)[number]): readonly string[] {
  return roles[role].keyids.flatMap((id) => {
    const key = keys.get(id);
    return key === undefined ? [] : [keyMaterial(key)];
  });
}
