import type { TargetFile } from '../../../shared/metadata/targets.ts';
import { TARGETS_DAYS } from '../first-metadata.ts';
import { describeExpiry, describeRest, fieldsOf, isSame, shown } from './describe-rest.ts';
import type { TargetsSide } from './describe-targets.ts';
import { change, danger, type Finding } from './finding.ts';

/** What the next version of a product's role changes: its releases, their counters, their recalls. */
export function describeReleases(
  product: string,
  before: TargetsSide | undefined,
  after: TargetsSide,
  now: Date,
): readonly Finding[] {
  const name = `${product} v${after.content.version}`;
  const was = before?.content.targets ?? new Map<string, TargetFile>();
  const is = after.content.targets;
  const gone = [...was.keys()].filter((path) => !is.has(path));
  return [
    ...describeExpiry(name, after.content, TARGETS_DAYS, now),
    ...gone.map((path) => danger(`${path}: VANISHES, though it is published`)),
    ...[...is].flatMap(([path, file]) => describeRelease(product, path, was.get(path), file)),
    ...(after.content.delegations === undefined
      ? []
      : [danger(`${name}: DELEGATES, so that others could sign releases of ${product}`)]),
    ...describeRest(name, before?.file ?? FIRST, after.file, EXPLAINED),
  ];
}

const FIRST = { _type: 'targets', spec_version: '1.0.34' };
const EXPLAINED = ['version', 'expires', 'targets', 'delegations'];

function describeRelease(
  product: string,
  path: string,
  was: TargetFile | undefined,
  is: TargetFile,
): readonly Finding[] {
  if (was === undefined) return newRelease(product, path, is);
  if (isSame(was, is)) return [];
  const bytes = describeRest(path, was, is, ['custom']);
  return [
    ...bytes.map(({ text }) => danger(`${text}: A PUBLISHED RELEASE CHANGES`)),
    ...counterChange(path, was, is),
    ...recallChange(path, was, is),
    ...describeRest(path, fieldsOf(was.custom), fieldsOf(is.custom), ['mustMatch', 'recall']),
    ...describeRest(path, mustMatchOf(was), mustMatchOf(is), ['releaseCounter']),
  ];
}

function newRelease(product: string, path: string, file: TargetFile): readonly Finding[] {
  const { hardwareIds, securityEpoch, releaseCounter } = mustMatchOf(file);
  const boards = Array.isArray(hardwareIds) ? hardwareIds.join(', ') : 'no board';
  const said = [
    `${path}: is added, for ${boards}`,
    `security epoch ${shown(securityEpoch)}`,
    ...(releaseCounter === undefined ? [] : [`counter ${shown(releaseCounter)}`]),
    `manifest sha256 ${file.hashes.sha256 ?? 'missing'}`,
  ].join(', ');
  return [
    path.startsWith(`${product}/`) ? change(said) : danger(`${said}: NOT A NAME OF ${product}`),
    ...recallChange(path, undefined, file),
  ];
}

function counterChange(path: string, was: TargetFile, is: TargetFile): readonly Finding[] {
  const [before, after] = [mustMatchOf(was)['releaseCounter'], mustMatchOf(is)['releaseCounter']];
  if (before === after) return [];
  const said = `${path}: counter ${shown(before ?? 'none')} becomes ${shown(after ?? 'none')}`;
  const isRaised = typeof after === 'number' && (typeof before !== 'number' || after > before);
  return [isRaised ? change(`${said}, so devices may go back to it`) : danger(said)];
}

function recallChange(
  path: string,
  was: TargetFile | undefined,
  is: TargetFile,
): readonly Finding[] {
  const [before, after] = [was?.custom?.['recall'], is.custom?.['recall']];
  if (isSame(before, after)) return [];
  if (before !== undefined) return [danger(`${path}: ITS RECALL IS CHANGED OR TAKEN BACK`)];
  const { reason, moveTo } = fieldsOf(after);
  const to = moveTo === undefined ? '' : `, devices move to ${shown(moveTo)}`;
  return [change(`${path}: IS RECALLED, for good: ${shown(reason)}${to}`)];
}

function mustMatchOf(file: TargetFile): Readonly<Record<string, unknown>> {
  return fieldsOf(file.custom?.['mustMatch']);
}
