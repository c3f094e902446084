import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import * as z from 'zod';
import { fromRoot, ROOT } from '../root.ts';

/** What a bundle knows of its own making. */
export interface BuildFacts {
  readonly version: string;
  /** A device believes that it is never earlier than this (the time floor). */
  readonly builtAt: Date;
}

/** Version from package.json; time of SOURCE_DATE_EPOCH or the last commit, so builds repeat. */
export async function buildFacts(): Promise<BuildFacts> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(fromRoot('package.json'), 'utf8')));
  const seconds = process.env['SOURCE_DATE_EPOCH'] ?? (await commitSeconds());
  return { version, builtAt: new Date(z.coerce.number().int().parse(seconds) * 1_000) };
}

async function commitSeconds(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['log', '-1', '--format=%ct'], {
      cwd: ROOT,
    });
    return stdout.trim();
  } catch (cause) {
    const what = 'no git history here: set SOURCE_DATE_EPOCH to the build time in seconds';
    throw new Error(what, { cause });
  }
}
