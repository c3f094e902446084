import { claim } from '../demo/stage.ts';
import { cutAt, type CutUpdate } from './cut-at.ts';
import type { Published } from './images.ts';
import { PLANS } from './moments.ts';
import { rolloutEnded, startRollout } from './rollout.ts';
import type { RigScene } from './scene.ts';
import { tallyOf, tallyText, type Cut } from './tally.ts';
import { demandTruth } from './truth.ts';

/** How many cuts, and where the next release to cut into comes from. */
export interface CutPlan {
  readonly cuts: number;
  readonly random: () => number;
  /** Each cut that ended well is added here, so that a run that is ended early has its count too. */
  readonly endedWell: Cut[];
  /** Publishes one more good release. */
  readonly nextRelease: () => Promise<Published>;
}

/** Power cuts in every part of an update and at moments that nobody chose. */
export async function powerCuts(scene: RigScene, plan: CutPlan): Promise<void> {
  await scene.stage.step('powerCuts', `The power is cut ${plan.cuts} times`, async () => {
    const { cuts: wanted, endedWell } = plan;
    const ends: string[] = [];
    while (endedWell.length < wanted) ends.push(await cutIntoOneUpdate(scene, plan, ends.length));
    const updates = tally(ends);
    const says = `${endedWell.length} of ${wanted} ended well: ${tallyText(tallyOf(endedWell))}`;
    return { says, facts: { updates, cuts: endedWell }, value: undefined };
  });
}

async function cutIntoOneUpdate(
  scene: RigScene,
  { cuts: wanted, random, endedWell, nextRelease }: CutPlan,
  turn: number,
): Promise<string> {
  const { board, tell } = scene;
  const { version, unpacked } = await nextRelease();
  const old = await lastReady(scene);
  const offeredAt = (await board.serial()).length;
  const rollout = await startRollout(scene, version);
  const update: CutUpdate = { version, old, offeredAt, imageBytes: unpacked.length };
  for (const moment of PLANS[turn % PLANS.length] ?? []) {
    if (endedWell.length >= wanted) break;
    const cut = await cutAt(scene, update, moment, random);
    if (cut === undefined) continue;
    endedWell.push(cut);
    const { landed, slot, version: booted } = cut;
    tell(`cut ${endedWell.length} of ${wanted}, in ${landed}: ${booted} boots from slot ${slot}`);
  }
  const { state } = await rolloutEnded(scene, rollout.id);
  claim(state === 'completed' || state === 'halted', `the rollout has ended, and is ${state}`);
  const running = await demandTruth(scene);
  const expected = state === 'completed' ? version : old.version;
  claim(running === expected, `the rollout is ${state} and ${expected} runs, not ${running}`);
  tell(`the rollout of ${version} is ${state}; ${running} runs, as the board says`);
  return state;
}

async function lastReady({ board }: RigScene): Promise<CutUpdate['old']> {
  const said = (await board.serial()).matchAll(/##READY slot=([AB]) version=(\S+)/g);
  const [, slot = '', version = ''] = [...said].at(-1) ?? [];
  return { slot, version };
}

function tally(ends: readonly string[]): Readonly<Record<string, number>> {
  const of = (wanted: string): number => ends.filter((end) => end === wanted).length;
  return { completed: of('completed'), halted: of('halted') };
}
