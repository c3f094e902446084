import { seededRandom } from '../rig/seeded-random.ts';
import { assign } from './power-cut/assign.ts';
import { liveToTheEnd } from './power-cut/cut-life.ts';
import { cutUpdate, type CutUpdate } from './power-cut/cut-update.ts';
import { publishRelease, type CutRelease, type Health } from './power-cut/release.ts';
import { tally } from './power-cut/tally.ts';
import { readTold } from './power-cut/told.ts';
import { provisionVictim, type Victim } from './power-cut/victim.ts';
import type { BenchResult } from './result.ts';
import type { Setting } from './setting.ts';

/** How many power cuts, and from which seed their instants are drawn. */
export interface CutWish {
  readonly cuts: number;
  readonly seed: number;
}

/** One sick release in so many; one update in so many is cut past what the agent puts up with. */
const SICK_EVERY = 3;
const STUBBORN_EVERY = 10;

/**
 * Kills a real agent, with everything it started, at hundreds of instants of its updates, and
 * demands the truth each time: a whole release, the link, `status` and the reports agree, and the
 * update ends as its release deserves. What it cannot show: SIGKILL leaves the page cache alone, so
 * a flush that is missing goes unseen here (test/power-cut/board.test.ts loses unflushed writes).
 */
export async function benchPowerCut(
  setting: Setting,
  { cuts, seed }: CutWish,
): Promise<BenchResult> {
  const { tell, server } = setting;
  const victim = await provisionVictim(setting);
  const first = await publishRelease(setting, '1.0.0', 'healthy');
  const updateMs = await installFirst(setting, victim, first);
  tell(`an update takes ${Math.round(updateMs)} ms; ${cuts} cuts from seed ${seed}`);
  const startedAt = performance.now();
  const random = seededRandom(seed);
  const updates: CutUpdate[] = [];
  let [old, made] = [first, 0];
  while (made < cuts) {
    const turn = updates.length + 1;
    const release = await publishRelease(setting, `1.${turn}.0`, healthOf(turn));
    await victim.expect(release.health);
    await assign(setting, [victim.id], release.version);
    const isStubborn = turn % STUBBORN_EVERY === 0;
    const plan = { victim, serverData: server.dataFolder, random, updateMs, isStubborn };
    const pair = { old, new: release };
    const update = await cutUpdate({ ...plan, mostCuts: cuts - made }, pair);
    updates.push(update);
    made += update.cuts.length;
    tell(`${made} cuts; ${release.version} (${release.health}): ${String(update.ended)}`);
    if (typeof update.ended !== 'string') break; // what runs is unclear: no more can be judged
    if (update.ended === 'committed') old = release;
  }
  return tally(updates, (performance.now() - startedAt) / 1_000);
}

const healthOf = (turn: number): Health => (turn % SICK_EVERY === 0 ? 'sick' : 'healthy');

/** The release that the device starts with, uncut. Answers how long it took. */
async function installFirst(
  setting: Setting,
  victim: Victim,
  release: CutRelease,
): Promise<number> {
  await victim.expect('healthy');
  await liveToTheEnd(victim); // enrols
  await assign(setting, [victim.id], release.version);
  const updateMs = await liveToTheEnd(victim);
  const { endings } = readTold(setting.server.dataFolder, victim.id, release.version);
  if (endings[0]?.kind !== 'receipt') throw new Error('the first release was not installed');
  return updateMs;
}
