import type { BenchResult, Figure } from '../result.ts';
import type { Cut, CutUpdate } from './cut-update.ts';

const STAGES = [
  'idle',
  'verifying',
  'downloading',
  'installing',
  'activating',
  'trial',
  'committing',
  'rolling_back',
  'unknown',
] as const satisfies readonly Cut['stage'][];

const ENDINGS = ['committed', 'rolled back', 'given up'] as const;

/** Counts what came of the cuts. One ended well when its disk and the end of its update told the truth. */
export function tally(updates: readonly CutUpdate[], seconds: number): BenchResult {
  const cuts = updates.flatMap(({ cuts: made, ended }) =>
    made.map((cut) => {
      return { ...cut, isWell: typeof ended === 'string' && cut.untrue.length === 0 };
    }),
  );
  const well = cuts.filter(({ isWell }) => isWell).length;
  const byStage = STAGES.map(
    (stage) => [stage, cuts.filter((cut) => cut.stage === stage)] as const,
  );
  const stages = byStage
    .filter(([, there]) => there.length > 0)
    .map(([stage, there]): Figure => {
      const wellThere = there.filter(({ isWell }) => isWell).length;
      return { name: `cut while ${stage}`, value: there.length, unit: `${wellThere} ended well` };
    });
  const by = (['stage', 'write', 'time'] as const).map((kind): Figure => {
    const count = cuts.filter(({ instant }) => instant.by === kind).length;
    return { name: `chosen by ${BY[kind]}`, value: count, unit: 'cuts' };
  });
  const endings = ENDINGS.map((ending): Figure => {
    const count = updates.filter(({ ended }) => ended === ending).length;
    return { name: `updates ${ending}`, value: count, unit: 'updates' };
  });
  return {
    kind: 'measured',
    figures: [
      { name: 'power cuts', value: cuts.length, unit: `${well} ended well` },
      ...stages,
      ...by,
      ...endings,
      { name: 'took', value: seconds, unit: 's' },
    ],
    ratios: [
      { name: 'ended well, of all cuts', value: well / cuts.length, wanted: { atLeast: 1 } },
    ],
    findings: updates.flatMap(findingsOf),
  };
}

const BY = { stage: 'a line of the log', write: 'a write to the state', time: 'chance' } as const;

function findingsOf({ pair, cuts, ended }: CutUpdate): readonly string[] {
  const title = `${pair.old.version} to ${pair.new.version} (${pair.new.health})`;
  const wrong = cuts.filter(({ untrue }) => untrue.length > 0);
  const during = wrong.map(({ stage, instant, untrue }) => {
    return `${title}, cut while ${stage} by ${JSON.stringify(instant)}: ${untrue.join('; ')}`;
  });
  if (typeof ended === 'string') return during;
  const where = cuts.map(({ stage, instant }) => `${stage} by ${JSON.stringify(instant)}`);
  return [...during, `${title}, cut in ${where.join(', ')}, ended badly: ${ended.join('; ')}`];
}
