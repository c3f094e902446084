import { claim, type Stage } from '../demo/stage.ts';
import { DeviceDetail, Rollout } from '../fleet/answers.ts';
import type { Author } from '../fleet/author.ts';
import { until } from '../processes/until.ts';
import type { Board } from './board.ts';
import { BOARD } from './factory.ts';

/** What the steps on the board play with. */
export interface RigScene {
  readonly stage: Stage;
  readonly board: Board;
  readonly author: Author;
  readonly interrupted: AbortSignal;
  readonly tell: (line: string) => void;
}

/** An emulated board writes 224 MiB in about 40 s, and boots in about 10. */
const UPDATE_SECONDS = 600;
const BOOT_SECONDS = 120;

/** The first boot: slot A, with what the factory put there. */
export async function firstBoot({ stage, board, author, interrupted }: RigScene): Promise<void> {
  await stage.step('firstBoot', 'The board boots through U-Boot and enrols', async () => {
    await board.powerOn();
    const says = await board.says(/##READY slot=A version=1\.0\.0/, { seconds: BOOT_SECONDS });
    await until({ what: 'the board at the server', seconds: BOOT_SECONDS, interrupted }, () =>
      author.ask(DeviceDetail, 'device', 'show', BOARD.id).catch(() => undefined),
    );
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
    const { state } = await ended(scene, rollout.id);
    claim(state === 'completed', `the rollout of ${version} is completed, not ${state}`);
    const running = await versionAtServer(scene);
    claim(running === version, `the board proved that ${version} runs, not ${String(running)}`);
    return { says: `proven by the board's receipt`, facts: { state }, value: undefined };
  });
}

/** What a release that must not stay is, and where the board has to come back to. */
export interface BadUpdate {
  readonly version: string;
  readonly title: string;
  /** What the serial line shows of it, and how often. */
  readonly shows: RegExp;
  readonly times: number;
  readonly back: { readonly slot: string; readonly version: string };
}

/** A release that must not stay: the board is back in the old slot, and says so. */
export async function badUpdate(scene: RigScene, bad: BadUpdate): Promise<void> {
  const { stage, board } = scene;
  const { version, back, shows, times } = bad;
  await stage.step(`bad-${version}`, bad.title, async () => {
    const from = (await board.serial()).length;
    const rollout = await startRollout(scene, version);
    const fellBack = new RegExp(
      `(${shows.source}[\\s\\S]*){${times}}##READY slot=${back.slot} version=${back.version}`,
    );
    await board.says(fellBack, { seconds: UPDATE_SECONDS, from });
    const { state } = await ended(scene, rollout.id);
    claim(state === 'halted', `the rollout of ${version} is halted, not ${state}`);
    const running = await versionAtServer(scene);
    claim(running === back.version, `the board says that ${back.version} runs`);
    const since = (await board.serial()).slice(from);
    const tries = since.match(new RegExp(shows.source, 'g'))?.length ?? 0;
    claim(tries === times, `U-Boot tried it ${times} times, not ${tries}`);
    return { says: `tried ${tries} times, then back`, facts: { tries, state }, value: undefined };
  });
}

/** Power cuts at moments that nobody chose, during updates, until `cuts` have been made. */
export async function powerCuts(
  scene: RigScene,
  { cuts, random, nextVersion }: CutPlan,
): Promise<void> {
  const { stage, board, tell } = scene;
  await stage.step('powerCuts', `The power is cut ${cuts} times during updates`, async () => {
    const moments: string[] = [];
    while (moments.length < cuts) {
      const version = await nextVersion();
      const rollout = await startRollout(scene, version);
      // A stage may wake five times before the update is given up: fewer cuts an update than that.
      for (let cut = 0; cut < 4 && moments.length < cuts; cut += 1) {
        const seconds = 2 + random() * MOST_SECONDS;
        const moment = await cutAfter(scene, seconds);
        moments.push(moment);
        tell(`cut ${moments.length} after ${seconds.toFixed(1)} s, ${moment}`);
      }
      await settled(scene, rollout.id);
      const line = lastReady(await board.serial());
      const running = await versionAtServer(scene);
      claim(line === running, `the board runs ${line}, and says ${String(running)}`);
    }
    return { says: 'a whole release ran after each of them', facts: { moments }, value: undefined };
  });
}

/** How many cuts, and where the next release to cut into comes from. */
export interface CutPlan {
  readonly cuts: number;
  readonly random: () => number;
  /** Publishes one more good release; answers its version. */
  readonly nextVersion: () => Promise<string>;
}

/** From the moment of power-on; an update without a cut takes about this long. */
const MOST_SECONDS = 75;

/** Lets the board run, pulls the plug, plugs it in again and demands that a whole release boots. */
async function cutAfter({ board, interrupted }: RigScene, seconds: number): Promise<string> {
  const before = (await board.serial()).length;
  const end = performance.now() + seconds * 1_000;
  await until({ what: 'the moment of the cut', seconds: seconds + 5, interrupted }, () =>
    Promise.resolve(performance.now() >= end ? true : undefined),
  );
  await board.cutPower();
  const serial = await board.serial();
  const moment = momentOf(serial.slice(before)) ?? momentOf(serial) ?? 'before the first line';
  await board.powerOn();
  await board.says(/##READY slot=[AB] version=\S+/, { seconds: BOOT_SECONDS, from: serial.length });
  return moment;
}

/** Where the board stood, by the last thing it said. */
function momentOf(serial: string): string | undefined {
  const said = [
    ...serial.matchAll(/"stage":"(\w+)"|##(ENV|BOOT|READY|INIT)|"event":"(update_committed)"/g),
  ].at(-1);
  return said?.slice(1).find(Boolean);
}

async function startRollout({ author }: RigScene, version: string): Promise<Rollout> {
  const release = ['--product', BOARD.product, '--version', version];
  return author.ask(Rollout, 'rollout', 'start', ...release, '--phases', '100', '--success', '100');
}

async function ended(scene: RigScene, id: string): Promise<Rollout> {
  const { author, interrupted } = scene;
  const what = `rollout ${id} to end`;
  return until({ what, seconds: UPDATE_SECONDS, interrupted }, async () => {
    const rollout = await author.ask(Rollout, 'rollout', 'status', id);
    return rollout.state === 'running' ? undefined : rollout;
  });
}

/** The rollout has ended, and the board has said what runs since. */
async function settled(scene: RigScene, id: string): Promise<void> {
  const { state } = await ended(scene, id);
  claim(state === 'completed' || state === 'halted', `the rollout ended, and is ${state}`);
}

async function versionAtServer({ author }: RigScene): Promise<string | null | undefined> {
  return (await author.ask(DeviceDetail, 'device', 'show', BOARD.id)).running?.version;
}

function lastReady(serial: string): string | undefined {
  return [...serial.matchAll(/##READY slot=[AB] version=(\S+)/g)].at(-1)?.[1];
}
