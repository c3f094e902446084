import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../install/durable-file.ts';
import { namesIn } from '../names-in.ts';

/** The hooks of one stage, in the order of their names; or why they cannot be run. */
export type FoundHooks =
  | { readonly kind: 'hooks'; readonly paths: readonly string[] }
  | { readonly kind: 'unusable'; readonly detail: string };

/** Hidden files, and what editors and package managers leave behind, are no hooks. */
const LEFT_BEHIND = /^\.|~$|\.(dpkg|ucf)-|\.(bak|orig|rej|swp)$/;

/**
 * Finds what is to be run in `folder`. A hook that cannot be run, or that anybody may change, stops
 * the update: a forgotten `chmod` must not pass for consent.
 */
export async function findHooks(folder: string): Promise<FoundHooks> {
  const paths = (await namesIn(folder))
    .filter((name) => !LEFT_BEHIND.test(name))
    .sort()
    .map((name) => join(folder, name));
  for (const path of paths) {
    const flaw = await flawOf(path);
    if (flaw !== undefined) return { kind: 'unusable', detail: `${path} ${flaw}` };
  }
  return { kind: 'hooks', paths };
}

const EXECUTABLE = 0o111;
const CHANGEABLE_BY_OTHERS = 0o022;

async function flawOf(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) return 'is no file';
    if ((found.mode & EXECUTABLE) === 0) return 'is not executable';
    return (found.mode & CHANGEABLE_BY_OTHERS) === 0 ? undefined : 'may be changed by anybody';
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ELOOP')) return 'leads nowhere';
    throw cause;
  }
}
