import { canonicalBytes } from '../../shared/metadata/canonical-json.ts';
import type { TargetFile, Targets } from '../../shared/metadata/targets.ts';
import { TargetCustom } from '../../shared/release/must-match.ts';
import type { Recall } from '../../shared/release/recall.ts';

/** What the next version of a product's role says that the one before did not: one thing at a time. */
export type RoleChange =
  | { readonly kind: 'renewed' }
  | { readonly kind: 'released' | 'reissued'; readonly path: string; readonly counter: number }
  | {
      readonly kind: 'recalled';
      readonly path: string;
      readonly recall: Recall;
      /** The release that devices shall go to, if its counter was raised for it. */
      readonly raised: { readonly path: string; readonly counter: number } | undefined;
    };

/** A target whose entry is new or other than before. */
interface Changed {
  readonly path: string;
  readonly before: TargetFile | undefined;
  readonly after: TargetFile;
}

/**
 * Reads the change, or answers what cannot be one in a sentence. What was published stays for ever; a
 * counter only rises, above all others; a recall is never taken back.
 */
export function readRoleChange(before: Targets, after: Targets): RoleChange | string {
  const lost = [...before.targets.keys()].find((path) => !after.targets.has(path));
  if (lost !== undefined) return `${lost} is published and missing from the new role`;
  const changes = [...after.targets].flatMap(([path, file]): readonly Changed[] => {
    const old = before.targets.get(path);
    return old !== undefined && isSame(old, file) ? [] : [{ path, before: old, after: file }];
  });
  const steps = changes.map((change) => stepOf(change, highest(before)));
  const wrong = steps.find((step) => typeof step === 'string');
  if (wrong !== undefined) return wrong;
  return together(steps.filter((step): step is Step => typeof step !== 'string'));
}

type Recalled = Extract<RoleChange, { readonly kind: 'recalled' }>;
type Counted = Extract<RoleChange, { readonly counter: number }>;
type Step = Recalled | Counted;

/** One release, one reissue, or one recall with the place to go. */
function together(steps: readonly Step[]): RoleChange | string {
  const [only, ...others] = steps;
  if (only === undefined) return { kind: 'renewed' };
  if (others.length === 0) return only;
  const recall = steps.find((step): step is Recalled => step.kind === 'recalled');
  const raise = steps.find((step): step is Counted => step.kind === 'reissued');
  if (steps.length === 2 && recall !== undefined && raise !== undefined) {
    return { ...recall, raised: { path: raise.path, counter: raise.counter } };
  }
  const paths = steps.map(({ path }) => path).join(', ');
  return `the new role changes ${paths} at once; change one release at a time`;
}

function stepOf(change: Changed, highestBefore: number): Step | string {
  const { path, before, after } = change;
  const said = TargetCustom.safeParse(after.custom);
  if (!said.success) return `${path} lacks mustMatch, or its recall cannot be read`;
  const old = TargetCustom.safeParse(before?.custom).data;
  if (old?.recall !== undefined) return `${path} is recalled, which is final`;
  const { recall, mustMatch } = said.data;
  if (recall !== undefined) return recallStep(change, recall);
  if (!isSameBut(before, withCounter(after, old?.mustMatch.releaseCounter))) {
    return `${path} is published and would change`;
  }
  const counter = mustMatch.releaseCounter;
  if (counter > highestBefore) {
    return { kind: before === undefined ? 'released' : 'reissued', path, counter };
  }
  return `${path} is number ${counter} of its product, the next one is ${highestBefore + 1}`;
}

function isSameBut(before: TargetFile | undefined, after: TargetFile): boolean {
  return before === undefined || isSame(before, after);
}

function recallStep({ path, before, after }: Changed, recall: Recall): Step | string {
  if (before === undefined) return `${path} is new and recalled at once`;
  const unrecalled = { ...after, custom: without(after.custom, 'recall') };
  if (!isSame(before, unrecalled)) return `${path} is published and would change with its recall`;
  return { kind: 'recalled', path, recall, raised: undefined };
}

function highest({ targets }: Targets): number {
  return Math.max(
    0,
    ...[...targets.values()].map(
      ({ custom }) => TargetCustom.safeParse(custom).data?.mustMatch.releaseCounter ?? 0,
    ),
  );
}

type Fields = Readonly<Record<string, unknown>>;

/** The same target as if it had this counter; 0 is none. */
function withCounter(file: TargetFile, counter = 0): TargetFile {
  const { custom = {} } = file;
  const rest = without(custom['mustMatch'] as Fields, 'releaseCounter');
  const mustMatch = counter === 0 ? rest : { ...rest, releaseCounter: counter };
  return { ...file, custom: { ...custom, mustMatch } };
}

function without(fields: Fields = {}, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}

function isSame(left: TargetFile, right: TargetFile): boolean {
  return Buffer.from(canonicalBytes(left)).equals(canonicalBytes(right));
}
