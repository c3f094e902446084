import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { access, type FileHandle } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { UNPACKING_MEBIBYTES, ZSTD_WINDOW_LOG } from '../../shared/release/compression.ts';
import type { Blocks } from './file-blocks.ts';

/** A program of the system that unpacks from its standard input to its standard output. */
export type Tool = 'xz' | 'zstd';

const ARGUMENTS: Readonly<Record<Tool, readonly string[]>> = {
  xz: ['-dc', '--format=xz', '--threads=1', `--memlimit-decompress=${UNPACKING_MEBIBYTES}MiB`],
  zstd: ['-dcq', `--memory=${2 ** (ZSTD_WINDOW_LOG - 20)}MiB`],
};

/** A tool that brings nothing for so long is stuck: even a slow board unpacks a block in a second. */
const IDLE_MS = 120_000;
const STDERR_CHARACTERS = 500;

/** The tool did not bring the file to its end. The message is its own. */
export class ToolFailed extends Error {
  override readonly name = 'ToolFailed';
}

/** Whether this system has the tool. */
export async function hasTool(tool: Tool, path: string): Promise<boolean> {
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

/** A file as the tool unpacks it. The tool reads the file itself, so nothing is copied through us. */
export async function* toolBlocks(file: FileHandle, tool: Tool, idleMs = IDLE_MS): Blocks {
  const { spawn } = process.getBuiltinModule('node:child_process');
  // Its own environment: XZ_OPT and the like could lift the limits.
  const child = spawn(tool, ARGUMENTS[tool], {
    stdio: [file.fd, 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
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
