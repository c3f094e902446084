import type { Command } from 'commander';
import { apiOf, type Api } from '../operate/api.ts';
import type { Connection } from '../operate/connection.ts';
import { loadConfig } from '../workspace/config.ts';
import { workspaceAt, type Workspace } from '../workspace/workspace.ts';
import type { World } from '../world.ts';

/** Options that every command has. */
export interface CommonOptions {
  readonly home?: string;
  readonly json?: boolean;
}

/** One run of one command: where it works and how it answers. */
export interface Session {
  readonly world: World;
  readonly workspace: Workspace;
  readonly json: boolean;
  /** The result: for a script one JSON value, for a person the text. */
  readonly show: (value: unknown, text: string) => void;
  /** A line about long work; not part of the result. */
  readonly progress: (line: string) => void;
}

/** The world, and where a command leaves its exit code when it is not 0. */
export interface Run {
  readonly world: World;
  readonly finish: (exitCode: number) => void;
}

/** Adds the options that every command has, and an example: help should teach. */
export function common(command: Command, examples: readonly string[]): Command {
  const label = examples.length === 1 ? 'Example' : 'Examples';
  return command
    .option('--home <dir>', 'workspace folder (default: $SEALIFT_HOME or ./sealift-home)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `\n${label}:\n${examples.map((line) => `  $ ${line}`).join('\n')}`);
}

/** The session of a command with these options. */
export function sessionOf(world: World, options: CommonOptions): Session {
  const json = options.json === true;
  return {
    world,
    workspace: workspaceAt(options.home, world.env['SEALIFT_HOME']),
    json,
    show: (value, text) => {
      world.print(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
    },
    progress: (line) => {
      world.note(`${line}\n`);
    },
  };
}

/** The server of this workspace, ready to be asked. */
export async function connect(session: Session): Promise<{ api: Api; connection: Connection }> {
  const { world, workspace } = session;
  const config = await loadConfig(workspace, world.env['SEALIFT_TOKEN']);
  const connection = connectionTo(world, config.server, config.token);
  return { api: apiOf(connection), connection };
}

/** A connection to a server that the workspace may not know yet. */
export function connectionTo(world: World, server: string, token: string): Connection {
  return { server, token, fetch: world.fetch, interrupted: world.interrupted };
}
