import type { CutRelease } from '../bench/power-cut/release.ts';
import { provisionVictim, type Machine, type Victim } from '../bench/power-cut/victim.ts';
import type { Setting } from '../bench/setting.ts';
import { claim, type Stage } from '../demo/stage.ts';
import { EXIT, offer, spoil, start, told, type Scene } from './story.ts';

/**
 * The same story with as few starts of the agent as can tell it: enrol and install, refuse, roll
 * back, verify. What runs is read from the disk, and what was said from the server.
 */
export async function playQuick(
  setting: Setting,
  stage: Stage,
  machines: readonly Machine[],
): Promise<void> {
  const victims: Victim[] = [];
  for (const machine of machines) victims.push(await provisionVictim(setting, machine));
  for (const victim of victims) {
    await victim.expect('healthy');
    await stage.step(`${victim.id}-enrol`, `${victim.id}: makes its key and enrols`, () =>
      start(victim, EXIT.done),
    );
  }
  const scene: Scene = { setting, stage, victims };
  const good = await offer(scene, '1.0.0', 'healthy');
  await everybody(scene, good, 'installs a release and commits it', EXIT.done);
  const spoiled = await offer(scene, '1.1.0', 'healthy');
  await spoil(setting, spoiled);
  await everybody(scene, good, 'refuses 1.1.0: one byte of it was changed', EXIT.refused);
  const sick = await offer(scene, '1.2.0', 'sick');
  await everybody(scene, good, 'rolls back from 1.2.0, which is not healthy', EXIT.rolledBack);
  for (const victim of victims) {
    await stage.step(`${victim.id}-told`, `${victim.id}: what it proved to the server`, () =>
      told(setting, victim, { runs: good, refused: spoiled, sick }),
    );
  }
}

async function everybody(
  { stage, victims }: Scene,
  runs: CutRelease,
  does: string,
  exit: number,
): Promise<void> {
  for (const victim of victims) {
    await stage.step(`${victim.id}-${does}`, `${victim.id}: ${does}`, async () => {
      const done = await start(victim, exit);
      const treeSha256 = await victim.treeSha256();
      claim(treeSha256 === runs.treeSha256, `all of ${runs.version} stands in the running slot`);
      return done;
    });
  }
}
