import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../install/durable-file.ts';
import { ModuleFailure } from './module-failure.ts';

const EXECUTABLE = 0o111;
const CHANGEABLE_BY_OTHERS = 0o022;

/** Whether there is a module of this type at all, whatever may be wrong with it. */
export async function hasModule(folder: string, type: string): Promise<boolean> {
  return (await statIfThere(join(folder, type))) !== undefined;
}

/**
 * The executable of a module. It will run with all that the agent may do, so one that somebody else
 * can write, or can put another in place of, is refused.
 */
export async function moduleExecutable(folder: string, type: string): Promise<string> {
  const path = join(folder, type);
  const found = await statIfThere(path);
  if (found === undefined) throw new ModuleFailure('module_missing', `there is no ${path}`);
  const unusable = (why: string): ModuleFailure => new ModuleFailure('module_unusable', why);
  if (!found.isFile()) throw unusable(`${path} is no file`);
  if ((found.mode & EXECUTABLE) === 0) throw unusable(`${path} is not executable`);
  for (const [at, { mode, uid }] of [
    [path, found],
    [dirname(path), await stat(dirname(path))],
  ] as const) {
    if ((mode & CHANGEABLE_BY_OTHERS) !== 0) throw unusable(`${at} may be changed by anybody`);
    const isOurs = uid === 0 || uid === process.getuid?.();
    if (!isOurs) throw unusable(`${at} belongs to user ${uid}, neither root nor the agent's own`);
  }
  return path;
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw cause;
  }
}
