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

/** The host's part of story.sh: what the board does is awaited, what it needs is published. */
export async function playService(scene: ServiceScene): Promise<void> {
  const { setting } = scene;
  await heard(scene, 'booted', 'Debian boots with systemd on an arm64 board', /##BOOTED .*/);
  await heard(
    scene,
    'installed',
    'The package installs; unconfigured, nothing starts',
    /##INSTALLED .*/,
  );
  await heard(scene, 'resident', 'Configured, the resident unit is enabled', /##RESIDENT/);
  await enrolled(scene);
  await publishGateway(setting, '1.0.0', 'healthy');
  await assign(setting, [BOARD_ID], '1.0.0');
  await heard(
    scene,
    'update-1.0.0',
    'It installs and commits under the sandbox',
    /##COMMITTED 1\.0\.0.*/,
  );
  await heard(scene, 'doctor', 'doctor inside the sandbox finds a folder shut', /##DOCTOR/);
  await heard(scene, 'upgraded', 'An upgrade of the package restarts the agent', /##UPGRADED/);
  await publishGateway(setting, '1.1.0', 'healthy');
  await assign(setting, [BOARD_ID], '1.1.0');
  await heard(scene, 'update-1.1.0', 'The new one updates on', /##COMMITTED 1\.1\.0.*/);
  await heard(scene, 'sparing', 'With sparing.conf it runs without writable code', /##SPARING.*/);
  await heard(scene, 'timer', 'The timer takes the place of the resident unit', /##TIMER/);
  await publishGateway(setting, '1.2.0', 'healthy');
  await assign(setting, [BOARD_ID], '1.2.0');
  await heard(
    scene,
    'update-1.2.0',
    'A run by the timer commits; nothing stays in memory',
    /##COMMITTED 1\.2\.0.*/,
  );
  await publishGateway(setting, '1.3.0', 'sick');
  await assign(setting, [BOARD_ID], '1.3.0');
  await heard(
    scene,
    'rolled-back',
    'A sick release is rolled back, and no unit has failed',
    /##ROLLEDBACK/,
  );
  await provesAtServer(scene, '1.2.0');
  await heard(scene, 'asked', 'A touch of /run/sealift/ask asks now', /##ASKED/);
  await heard(scene, 'back', 'Asked once by hand, the resident agent comes back', /##BACK/);
  await heard(
    scene,
    'examples',
    'board.conf opens a disk, update-modules.conf lets dpkg work',
    /##EXAMPLES/,
  );
  await heard(scene, 'exposure', 'systemd-analyze security, on the running system', /##EXPOSURE.*/);
  await heard(scene, 'purged', 'Removed, installed again, purged: the slots stay', /##PURGED/);
}

async function heard(
  { stage, machine }: ServiceScene,
  name: string,
  title: string,
  line: RegExp,
): Promise<void> {
  await stage.step(name, title, async () => {
    const said = (await machine.says(line, PATIENCE_SECONDS)).slice(2).trim();
    return { says: said, facts: {}, value: undefined };
  });
}

async function enrolled({ setting, stage }: ServiceScene): Promise<void> {
  const { author, interrupted } = setting;
  await stage.step('enrolled', 'It enrols', async () => {
    await until({ what: 'the board at the server', seconds: PATIENCE_SECONDS, interrupted }, () =>
      author.ask(DeviceDetail, 'device', 'show', BOARD_ID).catch(() => undefined),
    );
    return { says: 'the server knows the board', facts: {}, value: undefined };
  });
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
