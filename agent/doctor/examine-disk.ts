import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/load-config.ts';
import { hasKey, KeyDamaged } from '../device-key.ts';
import { hasCode } from '../install/durable-file.ts';
import { statePaths } from '../paths.ts';
import { problem, well, wordsOf, type Finding } from './finding.ts';

/** Below this not even reports and metadata fit for long. */
const LEAST_FREE_BYTES = 16 * 1_024 * 1_024;

/** The two folders that the agent writes to. Nothing is written to find out. */
export async function examineDisk({ stateDir, slotsDir }: Config): Promise<readonly Finding[]> {
  const folders = [
    ['state folder', stateDir],
    ['slots folder', slotsDir],
  ] as const;
  const findings = await Promise.all(
    folders.map(async ([name, folder]) => [
      await examineFolder(name, folder),
      await examineSpace(name, folder),
    ]),
  );
  return findings.flat();
}

async function examineFolder(name: string, folder: string): Promise<Finding> {
  const there = await nearest(folder);
  try {
    await access(there, constants.W_OK | constants.X_OK);
  } catch (cause) {
    return problem(name, wordsOf(cause), `let the agent's user write to ${there}`);
  }
  const open = ((await stat(there)).mode & 0o002) !== 0 && there === folder;
  if (open) return problem(name, `${folder} can be written by everybody`, `chmod o-w ${folder}`);
  return well(name, there === folder ? folder : `${folder} will be made at the first start`);
}

async function examineSpace(name: string, folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(await nearest(folder));
  const free = bavail * bsize;
  const said = `${Math.floor(free / 1_048_576)} MiB free`;
  return free >= LEAST_FREE_BYTES
    ? well(`${name}, space`, said)
    : problem(`${name}, space`, said, `make room on the file system of ${folder}`);
}

/** The device's own key: whoever reads it can speak for this device. */
export async function examineKey({ stateDir }: Config): Promise<Finding> {
  const name = 'device key';
  const { key } = statePaths(stateDir);
  try {
    if (!(await hasKey(key))) return well(name, 'will be made at the first start');
    for (const path of [`${key}.json`, `${key}.backup.json`]) {
      const mode = (await stat(path).catch(() => undefined))?.mode ?? 0; // a copy may be lost
      if ((mode & 0o077) === 0) continue;
      const remedy = `chmod 600 ${path}; enrol anew if others could`;
      return problem(name, `${path} can be read by others`, remedy);
    }
    return well(name, `${key}.json`);
  } catch (cause) {
    if (cause instanceof KeyDamaged) return problem(name, 'damaged', cause.message);
    return problem(name, wordsOf(cause), `let the agent's user read ${key}.json`);
  }
}

/** The folder itself, or what of the way to it there is. */
async function nearest(folder: string): Promise<string> {
  try {
    await stat(folder);
    return folder;
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT') || folder === dirname(folder)) return folder;
    return nearest(dirname(folder));
  }
}
