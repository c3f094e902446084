import { readdir } from 'node:fs/promises';
import { hasCode } from './install/durable-file.ts';

/** The names in a folder; none where there is no folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) return [];
    throw cause;
  }
}
