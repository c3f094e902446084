import { measurePairs, pairedRatio } from './pairs.ts';
import { median, type BenchResult, type Figure } from './result.ts';
import { ourSeconds, tufJsSeconds } from './trust/find-in-role.ts';
import { makeRepository } from './trust/made-repository.ts';
import { bareTriplesPerSecond, devicesPerSecond } from './trust/sign-director.ts';

const ROUNDS = 5;
/** tuf-js reads a role in time that grows with the square of its length: more would take minutes. */
const SIDE_BY_SIDE = 2_000;

/** Our client beside tuf-js, and the director's signing beside bare node:crypto. */
export async function benchTrust(): Promise<BenchResult> {
  const small = await makeRepository(SIDE_BY_SIDE);
  await ourSeconds(small); // both start warm
  const found = await measurePairs(
    3,
    () => ourSeconds(small),
    () => tufJsSeconds(small),
  );
  const signed = await measurePairs(ROUNDS, devicesPerSecond, bareTriplesPerSecond);
  const inEight = await medianSeconds(8_000);
  const inFifty = await medianSeconds(50_000);
  return {
    kind: 'measured',
    figures: [
      figure('find in a role of 2,000, ours', median(found.ours) * 1_000, 'ms CPU'),
      figure('find in a role of 2,000, tuf-js 5.0.1', median(found.theirs) * 1_000, 'ms CPU'),
      figure('find in a role of 8,000, ours', inEight * 1_000, 'ms CPU'),
      figure('find in a role of 50,000, ours', inFifty * 1_000, 'ms CPU'),
      figure('devices signed for, one core', median(signed.ours), '/s CPU'),
      figure('three bare signatures, one core', median(signed.theirs), '/s CPU'),
    ],
    ratios: [
      { name: 'our time to tuf-js (2,000)', value: pairedRatio(found), wanted: { atMost: 0.5 } },
      { name: 'seconds in a role of 8,000', value: inEight, wanted: { atMost: 0.3 } },
      { name: 'seconds in a role of 50,000', value: inFifty, wanted: { atMost: 1 } },
      { name: 'director to bare signing', value: pairedRatio(signed), wanted: { atLeast: 0.5 } },
    ],
  };
}

async function medianSeconds(releases: number): Promise<number> {
  const made = await makeRepository(releases);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await ourSeconds(made));
  return median(rounds);
}

function figure(name: string, value: number, unit: string): Figure {
  return { name, value, unit };
}
