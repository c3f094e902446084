import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BootTrouble, requireWritten } from './boot-trouble.ts';
import type { BootTool } from './boot-tool.ts';

/** The variables of U-Boot's environment. */
export type Variables = ReadonlyMap<string, string>;

/** U-Boot's environment as Linux sees it. */
export interface UbootEnvironment {
  readonly read: () => Promise<Variables>;
  /** All of them at once, or none; nothing is written where they are so already. */
  readonly write: (changes: Readonly<Record<string, string>>) => Promise<void>;
}

/** What reading and writing it needs. */
export interface UbootEnvironmentOptions {
  /**
   * One `fw_env.config`, or several where the board keeps independent copies: each is written, in
   * this order, and the last one that is whole is believed.
   */
  readonly configs: readonly string[];
  readonly run: BootTool;
}

/** The environment through `fw_printenv` and `fw_setenv`, with one batch a change. */
export function ubootEnvironment(options: UbootEnvironmentOptions): UbootEnvironment {
  const { configs, run } = options;
  const read = async (): Promise<Variables> => {
    let trouble: unknown;
    for (const config of configs.toReversed()) {
      try {
        return await readCopy(run, config);
      } catch (cause) {
        trouble ??= cause;
      }
    }
    throw trouble;
  };
  return {
    read,
    write: async (changes) => {
      const whole = await read();
      for (const config of configs) await writeCopy(options, config, { whole, changes });
    },
  };
}

async function readCopy(run: BootTool, config: string): Promise<Variables> {
  const lines = (await run(['fw_printenv', '-c', config])).split('\n');
  const variables = new Map<string, string>();
  for (const line of lines) {
    const at = line.indexOf('=');
    if (at > 0) variables.set(line.slice(0, at), line.slice(at + 1));
  }
  return variables;
}

interface Change {
  /** What a damaged copy is made of again. */
  readonly whole: Variables;
  readonly changes: Readonly<Record<string, string>>;
}

async function writeCopy(
  { run }: UbootEnvironmentOptions,
  config: string,
  { whole, changes }: Change,
): Promise<void> {
  const before = await readCopy(run, config).catch(ifDamaged);
  if (before !== undefined && isSo(before, changes)) return; // flash wears out, tries do not
  const lines = Object.entries(
    before === undefined ? { ...Object.fromEntries(whole), ...changes } : changes,
  );
  // Not beside the state: a disk that is full must not cost a slot the tries that each start takes.
  const folder = await mkdtemp(join(tmpdir(), 'sealift-'));
  const script = join(folder, 'script');
  // Without a default environment the tool refuses to begin a damaged copy anew; an empty one will do.
  const anew = before === undefined ? ['-f', '/dev/null'] : [];
  try {
    await writeFile(script, lines.map(([name, value]) => `${name}=${value}\n`).join(''));
    await run(['fw_setenv', '-c', config, ...anew, '-s', script]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const after = await readCopy(run, config);
  for (const [name, value] of Object.entries(changes)) {
    requireWritten(`${name} in ${config}`, value, after.get(name));
  }
}

function ifDamaged(cause: unknown): undefined {
  if (cause instanceof BootTrouble && cause.code === 'boot_tool_failed') return undefined;
  throw cause;
}

function isSo(variables: Variables, changes: Readonly<Record<string, string>>): boolean {
  return Object.entries(changes).every(([name, value]) => variables.get(name) === value);
}
