import { Rollout } from '../fleet/answers.ts';
import { until } from '../processes/until.ts';
import { BOARD } from './factory.ts';
import type { RigScene } from './scene.ts';

/** Seen on a very busy machine: nine minutes until a whole release was fetched, written and tried. */
export const UPDATE_SECONDS = 1_800;

/** Offers a release to the board. */
export async function startRollout({ author }: RigScene, version: string): Promise<Rollout> {
  const release = ['--product', BOARD.product, '--version', version];
  return author.ask(Rollout, 'rollout', 'start', ...release, '--phases', '100', '--success', '100');
}

/** Waits until the board has proved the release, or that it will not have it. */
export async function rolloutEnded(scene: RigScene, id: string): Promise<Rollout> {
  const { author, interrupted } = scene;
  const what = `rollout ${id} to end`;
  return until({ what, seconds: UPDATE_SECONDS, interrupted }, async () => {
    const rollout = await author.ask(Rollout, 'rollout', 'status', id);
    return rollout.state === 'running' ? undefined : rollout;
  });
}
