import { tufDate } from '../../shared/metadata/fields.ts';
import type { TargetsFile } from '../../shared/metadata/targets.ts';
import { TargetCustom } from '../../shared/release/must-match.ts';
import { manifestPath } from '../../shared/release/names.ts';
import { Failure } from '../failure.ts';

type Target = TargetsFile['targets'][string];

/** A release by its names. */
export interface ReleaseName {
  readonly product: string;
  readonly version: string;
}

/** The number of the next release of a product, or of an older one that devices shall go back to. */
export function nextCounter({ targets }: Pick<TargetsFile, 'targets'>): number {
  return Math.max(0, ...Object.values(targets).map((target) => wordOf(target).counter)) + 1;
}

/** Counts a release up above all others, so that devices may go back to it; its bytes stay as they are. */
export function withReissue(role: TargetsFile, name: ReleaseName): TargetsFile {
  const target = targetOf(role, name);
  if (wordOf(target).isRecalled) {
    throw new Failure('recall_final', `${name.product} ${name.version} is recalled`);
  }
  return withTarget(role, name, counted(target, nextCounter(role)));
}

/** What an author says of a recall. */
export interface RecallWords {
  readonly reason: string;
  readonly moveTo: string | undefined;
  readonly at: Date;
}

/**
 * Recalls a release for good. The one that devices shall go to is counted up in the same signature, if
 * they would refuse it otherwise.
 */
export function withRecall(
  role: TargetsFile,
  name: ReleaseName,
  { reason, moveTo, at }: RecallWords,
): TargetsFile {
  const target = targetOf(role, name);
  if (wordOf(target).isRecalled) {
    throw new Failure('recall_final', `${name.product} ${name.version} is recalled already`);
  }
  const recall = { at: tufDate(at), reason, ...(moveTo === undefined ? {} : { moveTo }) };
  const recalled = withTarget(role, name, { ...target, custom: { ...target.custom, recall } });
  return moveTo === undefined ? recalled : withGoal(recalled, name, moveTo);
}

function withGoal(role: TargetsFile, from: ReleaseName, moveTo: string): TargetsFile {
  const name = { product: from.product, version: moveTo };
  const goal = targetOf(role, name);
  const [left, there] = [wordOf(targetOf(role, from)), wordOf(goal)];
  if (there.isRecalled) throw new Failure('move_impossible', `${moveTo} is recalled itself`);
  if (there.epoch < left.epoch) {
    const why = `its security epoch is ${there.epoch}, devices that committed ${from.version} are at ${left.epoch}`;
    throw new Failure('move_impossible', `devices would refuse ${moveTo}: ${why}`);
  }
  if (there.counter > left.counter) return role;
  return withTarget(role, name, counted(goal, nextCounter(role)));
}

interface Word {
  readonly epoch: number;
  readonly counter: number;
  readonly isRecalled: boolean;
}

function wordOf({ custom }: Target): Word {
  const { mustMatch, recall } = TargetCustom.safeParse(custom).data ?? {};
  return {
    epoch: mustMatch?.securityEpoch ?? 0,
    counter: mustMatch?.releaseCounter ?? 0,
    isRecalled: recall !== undefined,
  };
}

function counted(target: Target, releaseCounter: number): Target {
  const { custom = {} } = target;
  return {
    ...target,
    custom: { ...custom, mustMatch: { ...(custom['mustMatch'] as object), releaseCounter } },
  };
}

function targetOf({ targets }: TargetsFile, { product, version }: ReleaseName): Target {
  const target = targets[manifestPath(product, version)];
  if (target !== undefined) return target;
  throw new Failure('release_unknown', `${product} ${version} is not published`);
}

function withTarget(
  role: TargetsFile,
  { product, version }: ReleaseName,
  target: Target,
): TargetsFile {
  return { ...role, targets: { ...role.targets, [manifestPath(product, version)]: target } };
}
