import { chooseInstant, isSpent, type CutStage, type Instant } from './choose-cut.ts';
import { liveToTheEnd, liveUntilCut } from './cut-life.ts';
import type { Health } from './release.ts';
import { readTold } from './told.ts';
import { judgeEnd, untruths, type Ending, type Pair } from './truth.ts';
import type { Seen, Victim } from './victim.ts';

/** One cut: where the disk stood, and what was wrong with it. */
export interface Cut {
  readonly stage: CutStage;
  readonly instant: Instant;
  readonly untrue: readonly string[];
}

/** An update, with the cuts that were made in it. */
export interface CutUpdate {
  readonly pair: Pair;
  readonly cuts: readonly Cut[];
  /** How it ended; or what was wrong with its end. */
  readonly ended: Ending | readonly string[];
}

/** How an update is cut. */
export interface CutPlan {
  readonly victim: Victim;
  readonly serverData: string;
  readonly random: () => number;
  /** How long an update takes that nobody cuts, from the agent's first line. */
  readonly updateMs: number;
  readonly mostCuts: number;
  /** Goes on where the agent may not wake up again, to see it give up. */
  readonly isStubborn: boolean;
}

/** A stubborn cutter comes back as long as this. */
const STUBBORN_CUTS = 12;
const MOST_ENDS = 5;

/** Cuts the power in an update that has been assigned, again and again, and lets it end. */
export async function cutUpdate(plan: CutPlan, pair: Pair): Promise<CutUpdate> {
  const { victim } = plan;
  const cuts = await makeCuts(plan, pair);
  let seen = await victim.look();
  for (let ends = 0; ends < MOST_ENDS; ends += 1) {
    await liveToTheEnd(victim);
    seen = await victim.look();
    if (isSettled(plan, seen, pair)) break;
  }
  return { pair, cuts, ended: judgeEnd(seen, toldOf(plan, pair), pair) };
}

async function makeCuts(plan: CutPlan, pair: Pair): Promise<readonly Cut[]> {
  const { victim, isStubborn } = plan;
  const most = Math.min(plan.mostCuts, isStubborn ? STUBBORN_CUTS : Infinity);
  const before = await victim.look();
  const byStage = new Map<CutStage, number>();
  const cuts: Cut[] = [];
  while (cuts.length < most && (isStubborn || !isSpent(byStage))) {
    const instant = instantFor(plan, cuts.at(-1)?.stage, pair.new.health);
    const trouble = await liveUntilCut(victim, instant);
    const seen = await victim.look();
    const stage = stageOf(seen);
    const untrue = [...(trouble === undefined ? [] : [trouble]), ...untruths(seen, pair)];
    cuts.push({ stage, instant, untrue });
    byStage.set(stage, (byStage.get(stage) ?? 0) + 1);
    if (trouble !== undefined || isOver({ before, seen }, pair)) break;
  }
  return cuts;
}

function instantFor(
  { isStubborn, random, updateMs }: CutPlan,
  stage: CutStage | undefined,
  health: Health,
): Instant {
  if (isStubborn) return { by: 'stage', stage: 'trial', afterMs: 0 };
  return chooseInstant(random, { stage: stage ?? 'idle', health, updateMs });
}

const stageOf = ({ status }: Seen): CutStage =>
  typeof status === 'string' ? 'unknown' : status.stage;

const toldOf = ({ serverData, victim }: CutPlan, { new: { version } }: Pair) =>
  readTold(serverData, victim.id, version);

/** The update may have ended before the cut, whether or not the server was told. */
function isOver({ before, seen }: Record<'before' | 'seen', Seen>, pair: Pair): boolean {
  if (typeof seen.status === 'string' || typeof before.status === 'string') return true;
  if (seen.status.stage !== 'idle') return false;
  const hasFailed = seen.status.failedReleases.length > before.status.failedReleases.length;
  return hasFailed || seen.status.running?.version === pair.new.version;
}

/** Nothing is under way, and the server has every report. */
function isSettled(plan: CutPlan, { status }: Seen, pair: Pair): boolean {
  if (typeof status === 'string' || status.stage !== 'idle') return false;
  const told = toldOf(plan, pair);
  return told.endings.length > 0 && told.numbers.length >= status.lastReport;
}
