import { holdersOf } from '../../../shared/ceremony/holders.ts';
import type { DelegatedRole, Targets, TargetsFile } from '../../../shared/metadata/targets.ts';
import { TARGETS_DAYS } from '../first-metadata.ts';
import { describeHolders } from './describe-holders.ts';
import { describeKeys, whose, type KeySide } from './describe-keys.ts';
import { describeExpiry, describeRest, describeStrayKeys, fieldsOf } from './describe-rest.ts';
import { change, danger, type Finding } from './finding.ts';

/** One version of a targets role: as it is read and as it is written. */
export interface TargetsSide {
  readonly content: Targets;
  readonly file: TargetsFile;
}

/** What next image targets change: which products there are, and whose keys sign them. */
export function describeImageTargets(
  before: TargetsSide,
  after: TargetsSide,
  now: Date,
): readonly Finding[] {
  const name = `image targets v${after.content.version}`;
  const names = new Set([...rolesOf(before), ...rolesOf(after)].map((role) => role.name));
  const listed = [...after.content.targets.keys()];
  return [
    ...describeExpiry(name, after.content, TARGETS_DAYS, now),
    ...[...names].flatMap((product) => describeProduct(product, before, after)),
    ...listed.map((path) => danger(`${name}: VOUCHES FOR ${path} ITSELF, past every product key`)),
    ...describeStrayKeys(name, after.file.delegations?.keys ?? {}, keyIdsOf(after)),
    ...describeHolders(name, before.file, after.file, keyIdsOf(before, after)),
    ...describeRest(name, before.file, after.file, EXPLAINED),
    ...describeRest(
      `${name} delegations`,
      fieldsOf(before.file.delegations),
      fieldsOf(after.file.delegations),
      ['keys', 'roles'],
    ),
  ];
}

const EXPLAINED = ['version', 'expires', 'targets', 'delegations', 'x-sealift'];

function describeProduct(
  product: string,
  before: TargetsSide,
  after: TargetsSide,
): readonly Finding[] {
  const was = rolesOf(before).find(({ name }) => name === product);
  const is = rolesOf(after).find(({ name }) => name === product);
  if (is === undefined) return [danger(`product ${product}: VANISHES, with all its releases`)];
  const shape = shapeFaults(product, is);
  if (was === undefined) return [...newProduct(is, sideOf(after, is)), ...shape];
  return [
    ...describeKeys(`product ${product}`, sideOf(before, was), sideOf(after, is)),
    ...shape,
    ...describeRest(`product ${product}`, was, is, ['keyids', 'threshold']),
  ];
}

function newProduct({ name, keyids, threshold }: DelegatedRole, side: KeySide): readonly Finding[] {
  return [
    change(`product ${name}: is new, ${threshold} of ${keyids.length} key(s) sign its releases`),
    ...keyids.map((id) => change(`product ${name}: key ${whose(id, side)}`)),
    ...(new Set(keyids.filter((id) => side.keys.has(id))).size < threshold
      ? [danger(`product ${name}: its keys can never give ${threshold} signatures`)]
      : []),
  ];
}

/** Wider than its own name space, a product could sign another one's releases. */
function shapeFaults(product: string, { paths, terminating }: DelegatedRole): readonly Finding[] {
  const isOwn = paths?.length === 1 && paths[0] === `${product}/*/*` && terminating;
  return isOwn ? [] : [danger(`product ${product}: may sign more or less than ${product}/*/*`)];
}

function keyIdsOf(...sides: readonly TargetsSide[]): readonly string[] {
  return [...new Set(sides.flatMap((side) => rolesOf(side).flatMap(({ keyids }) => keyids)))];
}

function rolesOf({ content }: TargetsSide): readonly DelegatedRole[] {
  return content.delegations?.roles ?? [];
}

function sideOf({ content, file }: TargetsSide, role: DelegatedRole): KeySide {
  const keys = content.delegations?.keys ?? new Map();
  return { role, keys, holders: holdersOf(file) };
}
