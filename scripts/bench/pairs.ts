import { median } from './result.ts';

/** Two ways of doing the same work, measured in turns. */
export interface Pairs {
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
}

/**
 * Measures both in each round, in alternating order: a machine that grows slower during the run
 * grows slower for both.
 */
export async function measurePairs(
  rounds: number,
  ours: (round: number) => Promise<number>,
  theirs: (round: number) => Promise<number>,
): Promise<Pairs> {
  const pairs: { ours: number; theirs: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) {
      const first = await ours(round);
      pairs.push({ ours: first, theirs: await theirs(round) });
    } else {
      const first = await theirs(round);
      pairs.push({ theirs: first, ours: await ours(round) });
    }
  }
  return { ours: pairs.map((pair) => pair.ours), theirs: pairs.map((pair) => pair.theirs) };
}

/** The median of the rounds' own ratios, not the ratio of medians: each round shares its noise. */
export function pairedRatio({ ours, theirs }: Pairs): number {
  return median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}
