import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { access, type FileHandle } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Blocks } from './file-blocks.ts';

/** A program of the system and its arguments, and what it works on. */
export interface ToolTask {
  readonly command: readonly [string, ...string[]];
  /** A file that it reads itself, so that nothing is copied through us; or a text. */
  readonly input: FileHandle | string;
  readonly folder?: string;
}

/** A tool that brings nothing for so long is stuck: even a slow board unpacks a block in a second. */
const IDLE_MS = 120_000;
const STDERR_CHARACTERS = 500;

/** The tool did not bring its work to an end. The message is its own. */
export class ToolFailed extends Error {
  override readonly name = 'ToolFailed';
}

/** Whether this system has the tool. */
export async function hasTool(tool: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    try {
      await access(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      // not in this folder
    }
  }
  return false;
}

/** What a tool writes to its standard output. */
export async function* toolBlocks(
  { command: [tool, ...args], input, folder }: ToolTask,
  idleMs = IDLE_MS,
): Blocks {
  const { spawn } = process.getBuiltinModule('node:child_process');
  // Its own environment: XZ_OPT and the like could lift the limits.
  const child = spawn(tool, args, {
    stdio: [typeof input === 'string' ? 'pipe' : input.fd, 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    cwd: folder,
  });
  child.stdin?.on('error', () => undefined).end(input); // why it read no further, it says itself
  const stuck = new AbortController();
  const timer = setTimeout(() => {
    stuck.abort();
    child.kill('SIGKILL');
  }, idleMs);
  const ended = endOf(child);
  ended.catch(() => undefined); // looked at below, or not at all when nobody reads on
  try {
    for await (const block of child.stdout as AsyncIterable<Buffer>) {
      timer.refresh();
      yield block;
    }
    const fault = await ended;
    if (stuck.signal.aborted) throw new ToolFailed(`${tool} brought nothing for ${idleMs} ms`);
    if (fault !== undefined) throw new ToolFailed(`${tool}: ${fault}`);
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL'); // of no effect on one that has ended
  }
}

/** What a child that failed said on its way out; undefined when it succeeded. */
function endOf(child: ChildProcess): Promise<string | undefined> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, STDERR_CHARACTERS);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve(code === 0 ? undefined : said.trim() || `ended with ${String(code ?? signal)}`);
    });
  });
}
