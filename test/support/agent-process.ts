import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { bundlePath } from '../../scripts/build/build-program.ts';
import { AGENT } from '../../scripts/build/programs.ts';

/** As it ships (build-programs.ts). */
const MAIN = bundlePath(AGENT);

const SHIFTED_CLOCK = new URL('./shifted-clock.ts', import.meta.url).href;

/** One start of the agent as a process of its own. */
export interface AgentProcess {
  /** Its log lines so far. */
  readonly events: readonly Record<string, unknown>[];
  /** The first event that matches; waits for it. Fails when the process ends before. */
  readonly saw: (matches: (event: Record<string, unknown>) => boolean) => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/** Starts `sealift-agent` with these arguments, on a machine whose clock is so far off. */
export function startAgent(args: readonly string[], shiftMs = 0): AgentProcess {
  const imports = shiftMs === 0 ? [] : ['--import', 'tsx', '--import', SHIFTED_CLOCK];
  const child = spawn(process.execPath, [...imports, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TEST_CLOCK_SHIFT_MS: String(shiftMs) },
  });
  const events: Record<string, unknown>[] = [];
  const errors: string[] = [];
  const watchers = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as Record<string, unknown>);
    for (const watcher of watchers) watcher();
  });
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  const saw = (matches: (event: Record<string, unknown>) => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (events.some(matches)) resolve();
      };
      watchers.add(look);
      look();
      void ended.then(() => {
        look();
        reject(new Error(`the agent ended without it: ${errors.join('')}`));
      });
    });
  return { events, saw, ended, kill: (signal) => child.kill(signal) };
}

/** Runs `sealift-agent` to its end, as somebody else where that is said. */
export function runAgentCommand(
  args: readonly string[],
  somebody: { readonly uid?: number; readonly gid?: number } = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...somebody,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('close', (code) => {
      const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();
      resolve({ code, stdout: text(stdout), stderr: text(stderr) });
    });
  });
}
