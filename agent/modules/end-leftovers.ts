import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../install/durable-file.ts';
import { TREE_VARIABLE } from './module-runner.ts';

/** What looking for processes needs. */
export interface LeftoverDeps {
  /** `/proc`. */
  readonly processes: string;
  /** Holds the folders that modules work in. */
  readonly treesFolder: string;
  readonly kill: (id: number) => void;
  readonly pause: (milliseconds: number) => Promise<void>;
}

const LOOK_AGAIN_MS = 50;
const LOOKS = 100;

/**
 * Ends what a module left running when the agent was killed in the midst of it: before anything is
 * rolled back, or both would write at once. They are known by a variable that all of them inherit.
 */
export async function endLeftovers(deps: LeftoverDeps): Promise<void> {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const left = await leftovers(deps);
    if (left.length === 0) return;
    left.forEach(deps.kill);
    await deps.pause(LOOK_AGAIN_MS);
  }
}

async function leftovers({ processes, treesFolder }: LeftoverDeps): Promise<readonly number[]> {
  const mark = `${TREE_VARIABLE}=${treesFolder}/`;
  const found: number[] = [];
  for (const name of await readdir(processes)) {
    if (!/^\d+$/.test(name)) continue;
    const words = (await environmentOf(join(processes, name, 'environ'))).split('\0');
    if (words.some((word) => word.startsWith(mark))) found.push(Number(name));
  }
  return found;
}

/** Of a process that has ended, or belongs to somebody else, there is nothing to see. */
async function environmentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'EACCES', 'EPERM', 'ESRCH')) return '';
    throw cause;
  }
}
