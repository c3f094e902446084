import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/load-config.ts';
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
  const { key } = statePaths(stateDir);
  try {
    const { mode } = await stat(key);
    if ((mode & 0o077) === 0) return well('device key', key);
    return problem(
      'device key',
      `${key} can be read by others`,
      `chmod 600 ${key}; enrol anew if others could`,
    );
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return well('device key', 'will be made at the first start');
    return problem('device key', wordsOf(cause), `let the agent's user read ${key}`);
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
