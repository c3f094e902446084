import { Command, Option } from 'commander';
import { RolloutState } from '../operate/answers.ts';
import { parseName, parsePercents, wholeNumber } from './arguments.ts';
import { rolloutText, watchRollout, type WatchOptions } from './rollout-watch.ts';
import { common, connect, sessionOf, type CommonOptions, type Run } from './session.ts';
import { table } from './table.ts';

interface StartOptions extends CommonOptions {
  readonly product: string;
  readonly version: string;
  readonly phases: readonly number[];
  readonly success: number;
  readonly failure: number;
  readonly onlyRunning?: string;
}

/** `sealift rollout …` */
export function rolloutCommands(run: Run): Command {
  const group = new Command('rollout')
    .description('rollouts: they advance on proof from devices and halt by themselves')
    .addCommand(startCommand(run))
    .addCommand(statusCommand(run))
    .addCommand(watchCommand(run))
    .addCommand(listCommand(run));
  for (const action of ['pause', 'resume', 'abort'] as const) {
    group.addCommand(changeCommand(run, action));
  }
  return group;
}

function startCommand({ world }: Run): Command {
  const command = new Command('start')
    .description('offer a published release to the fleet, phase by phase')
    .requiredOption('--product <name>', 'product of the release', parseName)
    .requiredOption('--version <name>', 'version of the release', parseName)
    .option(
      '--phases <list>',
      'share of the fleet that each phase reaches',
      parsePercents,
      [10, 50, 100],
    )
    .option('--success <n>', 'percent of a phase that must have proven it', wholeNumber(1, 100), 90)
    .option('--failure <n>', 'percent of a phase whose failure halts it', wholeNumber(1, 100), 10)
    .option('--only-running <version>', 'only devices that run this version now', parseName)
    .action(async (options: StartOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const { product, version, success, failure, onlyRunning } = options;
      const phases = options.phases.map((percent) => ({
        percent,
        successPercent: success,
        failurePercent: failure,
      }));
      const only = onlyRunning === undefined ? {} : { onlyRunning };
      const rollout = await api.startRollout({ product, version, phases, ...only });
      session.show(rollout, rolloutText(rollout));
    });
  return common(command, [
    'sealift rollout start --product gateway --version 1.2.0',
    'sealift rollout start --product gateway --version 1.2.0 --phases 1,20,100 --failure 5',
  ]);
}

function statusCommand({ world }: Run): Command {
  const command = new Command('status')
    .description('show where a rollout stands')
    .argument('<id>', 'its id')
    .action(async (id: string, options: CommonOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const rollout = await api.rollout(id);
      session.show(rollout, rolloutText(rollout));
    });
  return common(command, ['sealift rollout status ID']);
}

function watchCommand({ world, finish }: Run): Command {
  const command = new Command('watch')
    .description('follow a rollout to its end: exit code 0 completed, 3 halted or aborted')
    .argument('<id>', 'its id')
    .addOption(
      new Option('--until <state>', 'end with code 0 in this state').choices(RolloutState.options),
    )
    .option('--interval <seconds>', 'how often to look', wholeNumber(1, 3_600), 2)
    .action(async (id: string, options: WatchOptions) => {
      finish(await watchRollout(sessionOf(world, options), id, options));
    });
  return common(command, [
    'sealift rollout watch ID',
    'sealift rollout watch ID --until halted --json',
  ]);
}

function listCommand({ world }: Run): Command {
  const command = new Command('list')
    .description('list rollouts')
    .action(async (options: CommonOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const { rollouts } = await api.rollouts();
      const rows = rollouts.map((rollout) => [
        rollout.id,
        rollout.product,
        rollout.version,
        rollout.state,
        `${rollout.phase + 1} of ${rollout.phases.length}`,
        rollout.changedAt,
      ]);
      const headings = ['id', 'product', 'version', 'state', 'phase', 'changed'];
      session.show({ rollouts }, rows.length === 0 ? 'No rollouts.' : table(headings, rows));
    });
  return common(command, ['sealift rollout list']);
}

function changeCommand({ world }: Run, action: 'pause' | 'resume' | 'abort'): Command {
  const what = {
    pause: 'stop new offers; devices at work go on',
    resume: 'go on with a paused rollout',
    abort: 'end a rollout and withdraw what is only offered',
  }[action];
  const command = new Command(action)
    .description(what)
    .argument('<id>', 'its id')
    .action(async (id: string, options: CommonOptions) => {
      const session = sessionOf(world, options);
      const { api } = await connect(session);
      const rollout = await api.changeRollout(id, action);
      session.show(rollout, rolloutText(rollout));
    });
  return common(command, [`sealift rollout ${action} ID`]);
}
