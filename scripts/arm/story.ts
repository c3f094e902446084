import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { assign } from '../bench/power-cut/assign.ts';
import { publishRelease, type CutRelease, type Health } from '../bench/power-cut/release.ts';
import { provisionVictim, type Machine, type Victim } from '../bench/power-cut/victim.ts';
import type { Setting } from '../bench/setting.ts';
import { claim, type Stage, type Told } from '../demo/stage.ts';
import { DeviceDetail } from '../fleet/answers.ts';
import { run } from '../processes/run.ts';

/** Exit codes of `sealift-agent run --once` (agent/README.md). */
export const EXIT = { done: 0, refused: 3, rolledBack: 5 } as const;

/** What an emulated story is played with. */
export interface Scene {
  readonly setting: Setting;
  readonly stage: Stage;
  readonly victims: readonly Victim[];
}

/** Whole updates of emulated devices: enrolled, updated, told to refuse, rolled back. */
export async function playArm(
  setting: Setting,
  stage: Stage,
  machines: readonly Machine[],
): Promise<void> {
  const victims: Victim[] = [];
  for (const machine of machines) victims.push(await provisionVictim(setting, machine));
  const scene: Scene = { setting, stage, victims };
  for (const victim of victims) {
    await victim.expect('healthy');
    await stage.step(`${victim.id}-enrol`, `${victim.id}: makes its key and enrols`, () =>
      start(victim, EXIT.done),
    );
  }
  const first = await offer(scene, '1.0.0', 'healthy');
  await everybody(scene, first, 'installs its first release and commits it', EXIT.done);
  const good = await offer(scene, '1.1.0', 'healthy');
  await everybody(scene, good, 'updates to 1.1.0 and commits it', EXIT.done);
  const spoiled = await offer(scene, '1.2.0', 'healthy');
  await spoil(setting, spoiled);
  await everybody(scene, good, 'refuses 1.2.0: one byte of it was changed', EXIT.refused);
  for (const { look, id } of victims) {
    const { status } = await look();
    const code = typeof status === 'string' ? status : status.lastRefusal?.code;
    claim(code === 'artifact_hash_mismatch', `${id} says why it refused: ${String(code)}`);
  }
  const sick = await offer(scene, '1.3.0', 'sick');
  await everybody(scene, good, 'rolls back from 1.3.0, which is not healthy', EXIT.rolledBack);
  for (const victim of victims) {
    await stage.step(`${victim.id}-told`, `${victim.id}: what it proved to the server`, () =>
      told(setting, victim, { runs: good, refused: spoiled, sick }),
    );
  }
}

/** Publishes a release and assigns it to every device. */
export async function offer(
  { setting, victims }: Scene,
  version: string,
  health: Health,
): Promise<CutRelease> {
  const release = await publishRelease(setting, version, health);
  for (const { expect } of victims) await expect(health);
  await assign(
    setting,
    victims.map(({ id }) => id),
    version,
  );
  return release;
}

/** Each device starts once; afterwards the release that `runs` stands whole in its running slot. */
async function everybody(
  { stage, victims }: Scene,
  runs: CutRelease,
  does: string,
  exit: number,
): Promise<void> {
  for (const victim of victims) {
    await stage.step(`${victim.id}-${does}`, `${victim.id}: ${does}`, async () => {
      const done = await start(victim, exit);
      const { status, treeSha256 } = await victim.look();
      const says = typeof status === 'string' ? status : status.running?.version;
      claim(treeSha256 === runs.treeSha256, `all of ${runs.version} stands in the running slot`);
      claim(says === runs.version, `status says ${runs.version}: ${String(says)}`);
      return done;
    });
  }
}

/** Starts the agent once; it must end as it should. */
export async function start({ agent }: Victim, exit: number): Promise<Told<undefined>> {
  const { code, stdout, stderr } = await run(agent('run', '--once'));
  claim(code === exit, `the agent ends with ${exit}, not ${String(code)}:\n${stdout}${stderr}`);
  return { says: `exit code ${exit}`, facts: { exit }, value: undefined };
}

/** The server's own disk is changed, under a hash that the author has signed. */
export async function spoil({ folder, server }: Setting, { version }: CutRelease): Promise<void> {
  const good = await readFile(join(folder, `${version}.tar`));
  const sha256 = sha256Hex(good);
  const stored = join(server.dataFolder, 'blobs', sha256.slice(0, 2), sha256);
  good.writeUInt8(good.readUInt8(good.length >> 1) ^ 1, good.length >> 1);
  await writeFile(stored, good);
}

/** What the server knows in the end, and what the device's own check says. */
export async function told(
  { author }: Setting,
  victim: Victim,
  { runs, refused, sick }: Readonly<Record<'runs' | 'refused' | 'sick', CutRelease>>,
): Promise<Told<undefined>> {
  const { code: exit } = await run(victim.agent('verify'));
  claim(exit === 0, 'slot and metadata are what was signed (sealift-agent verify)');
  const { running, lastReports } = await author.ask(DeviceDetail, 'device', 'show', victim.id);
  const version = running?.version;
  claim(version === runs.version, `the server knows that ${runs.version} runs: ${String(version)}`);
  const kinds = lastReports.map(({ kind }) => kind);
  for (const kind of ['receipt', 'refused', 'rolled_back']) {
    claim(kinds.includes(kind), `a signed report says ${kind}: ${kinds.join(', ')}`);
  }
  const why = lastReports.flatMap(({ event }) => ('code' in event ? event.code : []));
  claim(why.includes('artifact_hash_mismatch'), `it says why it refused: ${why.join(', ')}`);
  const says = `${runs.version} runs; it refused ${refused.version} and came back from ${sick.version}`;
  return { says, facts: { version }, value: undefined };
}
