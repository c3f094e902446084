import { assign } from '../bench/power-cut/assign.ts';
import type { Setting } from '../bench/setting.ts';
import { claim, type Stage } from '../demo/stage.ts';
import { DeviceDetail } from '../fleet/answers.ts';
import { until } from '../processes/until.ts';
import { publishGateway } from './gateway.ts';
import type { Machine } from './machine.ts';
import { BOARD_ID } from './provision.ts';

/** Where the story is played. */
export interface ServiceScene {
  readonly setting: Setting;
  readonly stage: Stage;
  readonly machine: Machine;
}

/** An emulated board is slow: Node alone takes seconds to start. */
const PATIENCE_SECONDS = 2_400;

/** Something that the board says, and the release that it has to be given for it. */
interface Act {
  readonly name: string;
  readonly title: string;
  readonly line: RegExp;
  readonly release?: readonly [version: string, health: 'healthy' | 'sick'];
}

const act = (name: string, title: string, line: RegExp, release?: Act['release']): Act => ({
  ...{ name, title, line },
  ...(release && { release }),
});

/** story.sh on the board, line by line. */
const ACTS: readonly Act[] = [
  act('booted', 'Debian boots with systemd on an arm64 board', /##BOOTED .*/),
  act('installed', 'The package installs; unconfigured, nothing starts', /##INSTALLED .*/),
  act('resident', 'Configured, the resident unit is enabled', /##RESIDENT/),
  act('update-1.0.0', 'It enrols, installs and commits in the sandbox', /##COMMITTED 1\.0\.0.*/, [
    '1.0.0',
    'healthy',
  ]),
  act('doctor', 'doctor in the sandbox finds a folder that is shut', /##DOCTOR/),
  act('upgraded', 'An upgrade of the package restarts the agent', /##UPGRADED/),
  act('update-1.1.0', 'The new one takes the next release', /##COMMITTED 1\.1\.0.*/, [
    '1.1.0',
    'healthy',
  ]),
  act('sparing', 'With sparing.conf it runs', /##SPARING.*/),
  act('timer', 'The timer takes the place of the resident unit', /##TIMER/),
  act('update-1.2.0', 'A run by the timer commits, and ends', /##COMMITTED 1\.2\.0.*/, [
    '1.2.0',
    'healthy',
  ]),
  act('rolledBack', 'A sick release is rolled back; no unit has failed', /##ROLLEDBACK/, [
    '1.3.0',
    'sick',
  ]),
  act('asked', 'A touch of /run/sealift/ask asks now', /##ASKED/),
  act('back', 'Asked once by hand, the resident agent comes back', /##BACK/),
  act('examples', 'board.conf opens a disk, update-modules.conf lets dpkg work', /##EXAMPLES/),
  act('exposure', 'systemd-analyze security, on the running system', /##EXPOSURE.*/),
  act('purged', 'Removed, installed again, purged: the slots stay', /##PURGED/),
];

/** The host's part: what the board does is awaited, what it needs is published. */
export async function playService(scene: ServiceScene): Promise<void> {
  for (const { name, title, line, release } of ACTS) {
    await scene.stage.step(name, title, async () => {
      if (release !== undefined) await offer(scene, release);
      const said = (await scene.machine.says(line, PATIENCE_SECONDS)).slice(2).trim();
      return { says: said, facts: {}, value: undefined };
    });
  }
  await provesAtServer(scene, '1.2.0');
}

/** Publishes a release and assigns it to the board, once that has enrolled. */
async function offer(
  { setting }: ServiceScene,
  [version, health]: NonNullable<Act['release']>,
): Promise<void> {
  const { author, interrupted } = setting;
  await until({ what: 'the board at the server', seconds: PATIENCE_SECONDS, interrupted }, () =>
    author.ask(DeviceDetail, 'device', 'show', BOARD_ID).catch(() => undefined),
  );
  await publishGateway(setting, version, health);
  await assign(setting, [BOARD_ID], version);
}

async function provesAtServer({ setting, stage }: ServiceScene, version: string): Promise<void> {
  await stage.step('proven', `The server has the board's word that ${version} runs`, async () => {
    const { running, lastReports } = await setting.author.ask(
      DeviceDetail,
      'device',
      'show',
      BOARD_ID,
    );
    claim(running?.version === version, `${version} runs, not ${String(running?.version)}`);
    const kinds = lastReports.map(({ kind }) => kind);
    claim(kinds.includes('rolled_back'), `a report says rolled_back: ${kinds.join(', ')}`);
    return { says: `${version} runs`, facts: { version }, value: undefined };
  });
}
