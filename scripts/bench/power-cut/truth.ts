import type { CutRelease } from './release.ts';
import type { Seen } from './victim.ts';

/** The two releases of an update: what runs before it, and what it brings. */
export interface Pair {
  readonly old: CutRelease;
  readonly new: CutRelease;
}

/** What does not hold on a disk after a cut; nothing when all of it is the truth. */
export function untruths(seen: Seen, { old, new: next }: Pair): readonly string[] {
  const { status, link, treeSha256 } = seen;
  const whole = [old, next].find((release) => release.treeSha256 === treeSha256);
  const found: string[] = [];
  if (whole === undefined) found.push(`the link names slot ${link}, where no whole release stands`);
  if (typeof status === 'string') return [...found, `status ${status}`];
  if (status.running?.slot !== link) {
    found.push(`the link names slot ${link}, status says ${String(status.running?.slot)}`);
  }
  if (whole !== undefined && status.running?.version !== whole.version) {
    found.push(`${whole.version} runs, status says ${String(status.running?.version)}`);
  }
  return [...found, ...gapsOf(seen, status.lastReport)];
}

/** Reports that were given a number, are not on the server's disk, and are not on ours. */
function gapsOf({ acknowledged, waiting }: Seen, lastReport: number): readonly string[] {
  const due = waiting.filter((number) => number > acknowledged);
  const hasGap = due.some((number, index) => number !== acknowledged + 1 + index);
  const written = acknowledged + due.length;
  const says = `acknowledged ${acknowledged}, waiting ${waiting.join(' ')}, last ${lastReport}`;
  // The state with its reports in it is saved first; putting them into the outbox comes after.
  return hasGap || written > lastReport || written < lastReport - 1 ? [`a gap: ${says}`] : [];
}

/** How an update ended. */
export type Ending = 'committed' | 'rolled back' | 'given up';

/** What the server has of a device when an update is over. */
export interface Told {
  /** Every number that it stored, ascending. */
  readonly numbers: readonly number[];
  /** The reports of the new release that end an update. */
  readonly endings: readonly { readonly kind: string; readonly reason: string | undefined }[];
}

/** Judges the end of an update by the disk and by what the server was told. */
export function judgeEnd(seen: Seen, told: Told, pair: Pair): Ending | readonly string[] {
  const found = [...untruths(seen, pair)];
  const { status } = seen;
  if (typeof status === 'string') return found;
  if (status.stage !== 'idle') found.push(`it stays in ${status.stage}`);
  if (told.numbers.some((number, index) => number !== index + 1)) {
    found.push('the server has a gap in its reports');
  }
  if (told.numbers.length !== status.lastReport) {
    found.push(`${status.lastReport} reports were made, the server has ${told.numbers.length}`);
  }
  const ending = endingOf(told, pair);
  if (ending === undefined) {
    found.push(`${pair.new.health}, and the server was told ${JSON.stringify(told.endings)}`);
    return found;
  }
  const runs = status.running?.version;
  const right = ending === 'committed' ? pair.new.version : pair.old.version;
  if (runs !== right) found.push(`it was ${ending}, and ${String(runs)} runs`);
  return found.length === 0 ? ending : found;
}

/** The one ending that was reported; undefined when it is none, several, or the wrong one. */
function endingOf({ endings }: Told, { new: next }: Pair): Ending | undefined {
  const [end, another] = endings;
  if (end === undefined || another !== undefined) return undefined;
  if (end.kind === 'receipt') return next.health === 'healthy' ? 'committed' : undefined;
  if (end.reason === 'interrupted') return 'given up'; // past its wake-ups, and it says so
  return end.kind === 'rolled_back' && next.health === 'sick' ? 'rolled back' : undefined;
}
