import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Command } from './run-command.ts';

/** A command whose words matter. */
export interface CapturedCommand extends Command {
  /** Bytes kept of its output and, apart, of its errors; the rest is read and thrown away. */
  readonly limitBytes: number;
  /** Which end of a long output is kept. */
  readonly keep: 'first' | 'last';
  /** After its time it is asked to end first, and killed only so much later. */
  readonly graceMs?: number;
  /** Whatever it started ends with it. */
  readonly leavesNothing?: boolean;
}

/** How it ended, and what it said. */
export type Captured =
  | { readonly kind: 'missing'; readonly detail: string }
  | (Said & { readonly kind: 'hung' })
  | (Said & { readonly kind: 'killed'; readonly signal: string })
  | (Said & { readonly kind: 'ended'; readonly code: number });

interface Said {
  readonly output: string;
  readonly errors: string;
  /** It said more than was kept. */
  readonly isCut: boolean;
}

/** A daemon that a command leaves behind may hold our pipe for ever; its last words are here by then. */
const PIPE_GRACE_MS = 500;

/**
 * Runs a command to its end without a shell, in a process group of its own. After its time the
 * whole group is killed, so that a script's children do not go on behind our back.
 */
export function captureCommand(command: CapturedCommand): Promise<Captured> {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const [program = '', ...args] = command.command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: command.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...command.environment },
      detached: true,
    });
    const output = collect(child.stdout, command);
    const errors = collect(child.stderr, command);
    let late = false;
    const kill = (): void => {
      killGroup(child, 'SIGKILL');
    };
    let timer = setTimeout(() => {
      late = true;
      if (command.graceMs === undefined) kill();
      else {
        killGroup(child, 'SIGTERM');
        timer = setTimeout(kill, command.graceMs);
      }
    }, command.timeoutMs);
    const said = (): Said => ({
      output: output.text(),
      errors: errors.text(),
      isCut: output.isCut() || errors.isCut(),
    });
    child.on('error', ({ message }) => {
      clearTimeout(timer);
      resolve({ kind: 'missing', detail: `${program}: ${message}` });
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (command.leavesNothing === true) kill();
      void drained(child).then(() => {
        if (late) resolve({ kind: 'hung', ...said() });
        else if (code === null) resolve({ kind: 'killed', signal: String(signal), ...said() });
        else resolve({ kind: 'ended', code, ...said() });
      });
    });
  });
}

/** Its end of the pipes is closed, or whoever holds them still is not worth waiting for. */
function drained(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(grace);
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve();
    };
    const grace = setTimeout(end, PIPE_GRACE_MS);
    child.once('close', end);
  });
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal); // the group is gone, and the child with it or about to be
  }
}

function collect(
  stream: Readable,
  { limitBytes, keep }: Pick<CapturedCommand, 'limitBytes' | 'keep'>,
): { readonly text: () => string; readonly isCut: () => boolean } {
  let kept: Buffer = Buffer.alloc(0);
  let cut = false;
  stream.on('data', (chunk: Buffer) => {
    if (keep === 'first' && kept.length >= limitBytes) {
      cut ||= chunk.length > 0;
      return;
    }
    const all = Buffer.concat([kept, chunk]);
    cut ||= all.length > limitBytes;
    kept = keep === 'first' ? all.subarray(0, limitBytes) : all.subarray(-limitBytes);
  });
  stream.on('error', () => undefined); // a broken pipe says nothing more: the exit code decides
  return { text: () => kept.toString('utf8'), isCut: () => cut };
}
