import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOperator } from '../../operator/program.ts';
import type { World } from '../../operator/world.ts';

export const PASSPHRASE = 'correct horse battery staple';

/** What one command left behind. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An author with an own workspace, who types commands. */
export interface Operator {
  readonly home: string;
  readonly run: (...args: readonly string[]) => Promise<Ran>;
  /** As `run`, with `--json`: the parsed result; fails when the command did. */
  readonly json: (...args: readonly string[]) => Promise<Record<string, unknown>>;
  /** As `run`, for commands that must fail: the error's code. */
  readonly refused: (...args: readonly string[]) => Promise<string>;
}

export async function newHome(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sealift-operator-'));
}

/** The program in this process, with a world that a test may change. */
export function operatorAt(home: string, changes: Partial<World> = {}): Operator {
  const run = async (...args: readonly string[]): Promise<Ran> => {
    const out: string[] = [];
    const err: string[] = [];
    const exitCode = await runOperator(args, {
      env: { SEALIFT_HOME: home, SEALIFT_PASSPHRASE: PASSPHRASE },
      now: () => new Date('2026-06-01T12:00:00Z'),
      random: (length) => randomBytes(length),
      print: (text) => void out.push(text),
      note: (text) => void err.push(text),
      isTerminal: false,
      askSecret: undefined,
      fetch,
      pause: () => Promise.resolve(),
      interrupted: new AbortController().signal,
      ...changes,
    });
    return { exitCode, stdout: out.join(''), stderr: err.join('') };
  };
  return {
    home,
    run,
    json: async (...args) => {
      const { exitCode, stdout, stderr } = await run(...args, '--json');
      if (exitCode !== 0) throw new Error(`${args.join(' ')} exited ${exitCode}: ${stderr}`);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
    refused: async (...args) => {
      const { exitCode, stderr } = await run(...args, '--json');
      if (exitCode === 0) throw new Error(`${args.join(' ')} was not refused`);
      const last = stderr.trim().split('\n').at(-1) ?? '';
      return (JSON.parse(last) as { error: { code: string } }).error.code;
    },
  };
}
