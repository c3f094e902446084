import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** A program that runs until it is stopped. */
export interface Running {
  readonly pid: number;
  /** Everything it prints. */
  readonly logFile: string;
  readonly hasEnded: () => boolean;
  /** SIGTERM, and SIGKILL when that is not heard. Resolves when it is gone. */
  readonly stop: () => Promise<void>;
}

/** Keeps the programs it started, so that none outlives whoever started them. */
export interface Keeper {
  readonly start: (name: string, command: readonly [string, ...string[]]) => Running;
  readonly stopAll: () => Promise<void>;
}

const GRACE_MILLISECONDS = 5_000;

/** A keeper whose programs write their logs into `logFolder`. */
export function keepProcesses(logFolder: string): Keeper {
  const running = new Set<ChildProcess>();
  return {
    start: (name, [program, ...args]) => {
      const logFile = join(logFolder, `${name}.log`);
      const log = openSync(logFile, 'a');
      const child = spawn(program, args, {
        stdio: ['ignore', log, log],
        // Its own group: Ctrl-C in the terminal reaches us, and we end the rest in good order.
        detached: true,
      });
      closeSync(log);
      child.unref(); // whoever wants to outlive us may
      running.add(child);
      child.on('exit', () => running.delete(child));
      if (child.pid === undefined) throw new Error(`cannot start ${program}`);
      return {
        pid: child.pid,
        logFile,
        hasEnded: () => !running.has(child),
        stop: () => stop(child),
      };
    },
    stopAll: async () => {
      await Promise.all([...running].map(stop));
    },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), GRACE_MILLISECONDS);
  await gone;
  clearTimeout(late);
}
