import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { createInterface } from 'node:readline';

/** One start of the agent: a power supply that can be cut. */
export interface Life {
  /** Calls back with the name of each event of its log, and the stage it names. */
  readonly onEvent: (hear: (event: string, stage: string | undefined) => void) => void;
  /** Everything is gone, at once: the agent and whatever it started. */
  readonly cut: () => void;
  readonly ended: Promise<void>;
  readonly log: () => string;
}

/** Starts the agent in a process group of its own. */
export function startLife(command: readonly [string, ...string[]]): Life {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${program}`);
  const lines: string[] = [];
  const ended = once(child, 'close').then(() => undefined);
  child.stderr.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  return {
    onEvent: (hear) => {
      reader.on('line', (line) => {
        const { event, stage } = JSON.parse(line) as { event: string; stage?: string };
        hear(event, stage);
      });
    },
    cut: () => {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // it had ended by itself
      }
    },
    ended,
    log: () => lines.join('\n'),
  };
}

/** Calls back with each change in the folders; answers how to stop that. */
export function watchFolders(folders: readonly string[], changed: () => void): () => void {
  const watchers = folders.map((folder) => watch(folder, changed));
  return () => {
    for (const watcher of watchers) watcher.close();
  };
}
