import { spawn } from 'node:child_process';

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program is started with, besides its arguments. */
export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly interrupted?: AbortSignal;
  /** Milliseconds after which the program is ended (its code is then null). */
  readonly endAfter?: number;
  /** Called with each whole line of stdout while the program runs. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end. A code other than 0 is an answer here, not an error. */
export async function run(
  command: readonly [string, ...string[]],
  { env = {}, cwd, interrupted, endAfter, onLine }: Surroundings = {},
): Promise<Ended> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(interrupted && { signal: interrupted }),
    ...(endAfter !== undefined && { timeout: endAfter, killSignal: 'SIGKILL' as const }),
  });
  let stdout = '';
  let stderr = '';
  let told = 0;
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    stdout += part;
    const end = stdout.lastIndexOf('\n');
    if (end < told || onLine === undefined) return;
    stdout.slice(told, end).split('\n').forEach(onLine);
    told = end + 1;
  });
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
