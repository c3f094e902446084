import { claim } from '../demo/stage.ts';
import { DeviceDetail } from '../fleet/answers.ts';
import { until } from '../processes/until.ts';
import type { BadRelease } from './bad-releases.ts';
import { BOARD } from './factory.ts';
import { rolloutEnded, startRollout, UPDATE_SECONDS } from './rollout.ts';
import type { RigScene } from './scene.ts';
import { demandTruth } from './truth.ts';

/** An emulated board boots in about 10 s, on a machine that has nothing else to do. */
export const BOOT_SECONDS = 240;

/** The first boot: slot A, with what the factory put there. */
export async function firstBoot({ stage, board, author, interrupted }: RigScene): Promise<void> {
  await stage.step('firstBoot', 'The board boots through U-Boot and enrols', async () => {
    await board.powerOn();
    const says = await board.says(/##READY slot=A version=1\.0\.0/, { seconds: BOOT_SECONDS });
    await until({ what: 'the board at the server', seconds: BOOT_SECONDS, interrupted }, () =>
      author.ask(DeviceDetail, 'device', 'show', BOARD.id).catch(() => undefined),
    );
    claim(!(await board.serial()).includes('##NOWATCHDOG'), 'the watchdog is armed');
    return { says, facts: {}, value: undefined };
  });
}

/** A good release: over the network into slot B, through U-Boot into it, and committed. */
export async function goodUpdate(scene: RigScene, version: string, slot: string): Promise<void> {
  const { stage, board } = scene;
  const title = `${version} is installed over the network and boots from slot ${slot}`;
  await stage.step(`update-${version}`, title, async () => {
    const from = (await board.serial()).length;
    const rollout = await startRollout(scene, version);
    const booted = new RegExp(`##READY slot=${slot} version=${version}`);
    await board.says(booted, { seconds: UPDATE_SECONDS, from });
    const { state } = await rolloutEnded(scene, rollout.id);
    claim(state === 'completed', `the rollout of ${version} is completed, not ${state}`);
    const running = await demandTruth(scene);
    claim(running === version, `${version} runs, not ${running}`);
    return { says: `proven by the board's receipt`, facts: { state }, value: undefined };
  });
}

/** Where the board has to come back to. */
export interface Back {
  readonly slot: string;
  readonly version: string;
}

/** A release that must not stay: the board is back in the old slot, and says so. */
export async function badUpdate(scene: RigScene, bad: BadRelease, back: Back): Promise<void> {
  const { stage, board, author } = scene;
  const { version, shows } = bad;
  await stage.step(`bad-${version}`, bad.title, async () => {
    const from = (await board.serial()).length;
    const rollout = await startRollout(scene, version);
    const isBack = `##READY slot=${back.slot} version=${back.version}`;
    const fellBack = new RegExp(`(${shows.source}[\\s\\S]*?){${bad.tries}}${isBack}`);
    await board.says(fellBack, { seconds: UPDATE_SECONDS, from });
    const { state } = await rolloutEnded(scene, rollout.id);
    claim(state === 'halted', `the rollout of ${version} is halted, not ${state}`);
    const running = await demandTruth(scene);
    claim(running === back.version, `${back.version} runs, not ${running}`);
    const { lastReports } = await author.ask(DeviceDetail, 'device', 'show', BOARD.id);
    const told = lastReports.some(
      ({ kind, event }) => kind === 'rolled_back' && event.release?.version === version,
    );
    claim(told, `a report says that ${version} was rolled back`);
    const since = (await board.serial()).slice(from);
    const tries = since.match(new RegExp(shows.source, 'g'))?.length ?? 0;
    claim(tries === bad.tries, `it was tried ${bad.tries} times, not ${tries}`);
    return { says: `tried ${tries} times, then back`, facts: { tries, state }, value: undefined };
  });
}
