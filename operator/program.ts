import { Command, CommanderError } from 'commander';
import { auditCommands } from './commands/audit.ts';
import { deviceCommands } from './commands/device.ts';
import { eventCommands } from './commands/event.ts';
import { keysCommands } from './commands/keys.ts';
import { loginCommand } from './commands/login.ts';
import { productCommands } from './commands/product.ts';
import { releaseCommands } from './commands/release.ts';
import { rolloutCommands } from './commands/rollout.ts';
import type { Run } from './commands/session.ts';
import { harmless } from './commands/table.ts';
import { tokenCommands } from './commands/token.ts';
import { explain } from './explain.ts';
import type { World } from './world.ts';

const EXIT_FAILED = 1;
const EXIT_WRONG_USAGE = 2;
const EXIT_INTERRUPTED = 130;

/** Runs one command; answers the exit code: 0 done, 1 failed, 2 wrong usage, 3 rollout not reached. */
export async function runOperator(args: readonly string[], world: World): Promise<number> {
  let exitCode = 0;
  const finish = (code: number): void => {
    exitCode = code;
  };
  try {
    await programOf({ world, finish }).parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_WRONG_USAGE;
    return report(world, error, args.includes('--json'));
  }
}

function programOf(run: Run): Command {
  const program = new Command('sealift')
    .description('publish sealed releases and roll them out to a fleet of devices')
    .addHelpText(
      'after',
      `
The way from nothing to a rollout:
  $ sealift keys init --server https://updates.example.com --token slo_...
  $ sealift product add gateway --hardware rpi4
  $ sealift token create --kind enrolment --name line-3 --uses 100
  $ sealift release publish --product gateway --version 1.0.0 ... (see its --help)
  $ sealift rollout start --product gateway --version 1.0.0`,
    )
    .addCommand(loginCommand(run))
    .addCommand(keysCommands(run))
    .addCommand(eventCommands(run))
    .addCommand(productCommands(run))
    .addCommand(releaseCommands(run))
    .addCommand(rolloutCommands(run))
    .addCommand(deviceCommands(run))
    .addCommand(tokenCommands(run))
    .addCommand(auditCommands(run));
  return throughWorld(program, run.world);
}

/** commander's own words and exits go through the world too, in every command. */
function throughWorld(command: Command, world: World): Command {
  command.exitOverride().configureOutput({ writeOut: world.print, writeErr: world.note });
  command.showHelpAfterError('(run with --help to see what it takes)');
  for (const sub of command.commands) throughWorld(sub, world);
  return command;
}

function report(world: World, error: unknown, json: boolean): number {
  const explanation = explain(error);
  const { code, message, next } = explanation;
  world.note(
    json
      ? `${JSON.stringify({ error: explanation })}\n`
      : `error: ${harmless(message)} [${harmless(code)}]\n${next}\n`,
  );
  if (code === 'wrong_usage') return EXIT_WRONG_USAGE;
  return code === 'interrupted' ? EXIT_INTERRUPTED : EXIT_FAILED;
}
