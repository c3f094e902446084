import { TargetCustom, type MustMatch } from '../../shared/release/must-match.ts';
import type { Recall } from '../../shared/release/recall.ts';
import type { Targets } from '../../shared/metadata/targets.ts';
import { manifestPath, parseManifestPath } from '../../shared/release/names.ts';
import { readRoleChange } from './role-change.ts';

/**
 * What is wrong with a new version of a product's role beyond its signatures, or undefined. It may sign
 * the same again, add the one release whose manifest came with it, count one release up, or recall one. A
 * further, unseen release in the same role would be firmware that the gate has never looked at.
 */
export function roleFault(
  before: Targets,
  after: Targets,
  paths: readonly string[],
): string | undefined {
  const change = readRoleChange(before, after);
  if (typeof change === 'string') return change;
  const released = change.kind === 'released' ? change.path : undefined;
  if (released !== undefined && !paths.includes(released)) {
    return `the new role adds ${released}, whose manifest did not come with it`;
  }
  return change.kind === 'recalled' ? moveFault(after, change.path, change.recall) : undefined;
}

/** Devices that committed the recalled release must be able to take the one they are sent to. */
function moveFault(after: Targets, path: string, { moveTo }: Recall): string | undefined {
  if (moveTo === undefined) return undefined;
  const goal = manifestPath(parseManifestPath(path)?.product ?? '', moveTo);
  const [from, to] = [wordOf(after, path), wordOf(after, goal)];
  if (goal === path) return `${path} cannot be moved to itself`;
  if (to === undefined || from === undefined)
    return `${goal}, where devices shall go, is not there`;
  if (to.recall !== undefined) return `${goal}, where devices shall go, is recalled itself`;
  return unreachable(from.mustMatch, to.mustMatch, goal);
}

function unreachable(from: MustMatch, to: MustMatch, goal: string): string | undefined {
  if (to.securityEpoch < from.securityEpoch) {
    return `${goal} has security epoch ${to.securityEpoch}; devices that committed ${from.securityEpoch} would refuse it`;
  }
  if (to.releaseCounter > from.releaseCounter) return undefined;
  return `${goal} is number ${to.releaseCounter}; devices that committed number ${from.releaseCounter} would refuse it`;
}

function wordOf({ targets }: Targets, path: string): ReturnType<typeof parse> {
  return parse(targets.get(path)?.custom);
}

function parse(custom: unknown) {
  return TargetCustom.safeParse(custom).data;
}
