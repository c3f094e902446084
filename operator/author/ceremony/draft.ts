import type { RootFile } from '../../../shared/metadata/root.ts';
import type { TargetsFile } from '../../../shared/metadata/targets.ts';
import { daysAfter, ROOT_DAYS, TARGETS_DAYS } from '../first-metadata.ts';
import { directorRootOf, productOf, type Standing } from './standing.ts';

/**
 * The next versions that a change takes, on top of what stands. A file gets its next number and its new
 * expiry when it is first touched, and only then, however many edits follow.
 */
export interface Draft {
  readonly standing: Standing;
  readonly now: Date;
  readonly imageRoot?: RootFile;
  readonly directorRoot?: RootFile;
  readonly imageTargets?: TargetsFile;
  readonly products: ReadonlyMap<string, TargetsFile>;
}

/** A file as it goes into a signing event. */
export interface ProposedFile {
  readonly repository: 'image' | 'director';
  readonly role: string;
  readonly signed: RootFile | TargetsFile;
}

/** Nothing changed yet. */
export function draftOn(standing: Standing, now: Date): Draft {
  return { standing, now, products: new Map() };
}

type Edit<T> = (file: T) => T;
const asItIs = <T>(file: T): T => file;

/** Without an edit it is a renewal: the same content, the next number, a new expiry. */
export function editImageRoot(draft: Draft, edit: Edit<RootFile> = asItIs): Draft {
  const { standing, now } = draft;
  return { ...draft, imageRoot: edit(draft.imageRoot ?? nextRoot(standing.imageRoot.file, now)) };
}

/** As {@link editImageRoot}. */
export function editDirectorRoot(draft: Draft, edit: Edit<RootFile> = asItIs): Draft {
  const next = draft.directorRoot ?? nextRoot(directorRootOf(draft.standing).file, draft.now);
  return { ...draft, directorRoot: edit(next) };
}

/** As {@link editImageRoot}. */
export function editImageTargets(draft: Draft, edit: Edit<TargetsFile> = asItIs): Draft {
  const { standing, now } = draft;
  const next = draft.imageTargets ?? nextTargets(standing.imageTargets.file, now);
  return { ...draft, imageTargets: edit(next) };
}

/** As {@link editImageRoot}. */
export function editProduct(
  draft: Draft,
  product: string,
  edit: Edit<TargetsFile> = asItIs,
): Draft {
  const { standing, now, products } = draft;
  const next = products.get(product) ?? nextTargets(productOf(standing, product).file, now);
  return { ...draft, products: new Map(products).set(product, edit(next)) };
}

/** What the draft changes, roots first: the order in which people want to read it. */
export function proposedFiles(draft: Draft): readonly ProposedFile[] {
  const { imageRoot, directorRoot, imageTargets, products } = draft;
  const file = (
    repository: ProposedFile['repository'],
    role: string,
    signed: RootFile | TargetsFile | undefined,
  ): readonly ProposedFile[] => (signed === undefined ? [] : [{ repository, role, signed }]);
  return [
    ...file('image', 'root', imageRoot),
    ...file('director', 'root', directorRoot),
    ...file('image', 'targets', imageTargets),
    ...[...products].flatMap(([product, signed]) => file('image', product, signed)),
  ];
}

function nextRoot(root: RootFile, now: Date): RootFile {
  return { ...root, version: root.version + 1, expires: daysAfter(now, ROOT_DAYS) };
}

function nextTargets(targets: TargetsFile, now: Date): TargetsFile {
  return { ...targets, version: targets.version + 1, expires: daysAfter(now, TARGETS_DAYS) };
}
