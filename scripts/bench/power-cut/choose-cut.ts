import type { Health } from './release.ts';
import type { VictimStatus } from './victim.ts';

/** A stage as the agent's disk names it; `unknown` when `status` itself failed, which is a finding. */
export type CutStage = VictimStatus['stage'] | 'unknown';

/** When the power is cut, once the agent has started. */
export type Instant =
  /** So long after the agent's log says that it enters a stage: mostly at once. */
  | { readonly by: 'stage'; readonly stage: CutStage; readonly afterMs: number }
  /** At a change on the agent's disk: between the writing and the renaming of its state. */
  | { readonly by: 'write'; readonly change: number }
  /** So long after its first line. */
  | { readonly by: 'time'; readonly afterMs: number };

/** Where the power has been cut during one update, by the stage on disk. */
export type CutsByStage = ReadonlyMap<CutStage, number>;

// As often as the agent may wake up in each stage and still go on (agent/machine.ts), or fewer:
// more in one update would only cut the same moments again.
const MOST_CUTS: Readonly<Record<CutStage, number>> = {
  idle: 3,
  verifying: 3,
  downloading: 5,
  installing: 5,
  activating: 3,
  trial: 3,
  committing: 3,
  rolling_back: 5,
  unknown: 1,
};

/** Whether one more cut could make the agent give up this update. */
export function isSpent(cuts: CutsByStage): boolean {
  return [...cuts].some(([stage, count]) => count >= MOST_CUTS[stage]);
}

const WAY: readonly CutStage[] = ['downloading', 'installing', 'activating', 'trial'];
/** Of the changes that one update makes to the state folder and its outbox. */
const CHANGES = 100;
const SOON_MS = 12;

/** Draws the next instant. `stage` is where the agent wakes up, `updateMs` how long an update takes. */
export function chooseInstant(
  random: () => number,
  { stage, health, updateMs }: { stage: CutStage; health: Health; updateMs: number },
): Instant {
  const kind = random();
  if (kind < 0.25) return { by: 'time', afterMs: random() * updateMs };
  if (kind < 0.5) return { by: 'write', change: 1 + Math.floor(random() * CHANGES) };
  const ahead = aheadOf(stage, health);
  const chosen = ahead[Math.floor(random() * ahead.length)] ?? stage;
  return { by: 'stage', stage: chosen, afterMs: random() < 0.5 ? 0 : random() * SOON_MS };
}

/** The stages that the log will still name, from where the agent wakes up. */
function aheadOf(stage: CutStage, health: Health): readonly CutStage[] {
  if (stage === 'rolling_back') return ['rolling_back'];
  const wakesIn: Partial<Record<CutStage, CutStage>> = {
    installing: 'downloading',
    committing: 'trial',
  };
  const from = Math.max(0, WAY.indexOf(wakesIn[stage] ?? stage));
  return [...WAY.slice(from), health === 'healthy' ? 'committing' : 'rolling_back'];
}
