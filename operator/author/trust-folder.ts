import { join } from 'node:path';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { keyMaterial, type PublicKey } from '../../shared/crypto/public-key.ts';
import type { Root } from '../../shared/metadata/root.ts';
import { acceptFirstRoot } from '../../shared/trust/root.ts';
import { Failure } from '../failure.ts';
import { createDurably } from '../workspace/durable-file.ts';
import { readIfThere } from '../workspace/read-file.ts';
import { firstRootFile, type Workspace } from '../workspace/workspace.ts';
import type { FirstTrust, OnlineKeys } from './first-trust.ts';

/** The three signed files that start both repositories. */
export type FirstFiles = Omit<FirstTrust, 'keys'>;

/** Stores the first files. Image root last: it is the one that says that the others are there. */
export async function saveFirstFiles(workspace: Workspace, files: FirstFiles): Promise<void> {
  await createDurably(targetsFileOf(workspace), files.imageTargets);
  await createDurably(firstRootFile(workspace.directorFolder), files.directorRoot);
  await createDurably(firstRootFile(workspace.imageFolder), files.imageRoot);
}

/** The first files of a workspace that has them, or undefined. */
export async function loadFirstFiles(workspace: Workspace): Promise<FirstFiles | undefined> {
  const imageRoot = await readIfThere(firstRootFile(workspace.imageFolder), LIMITS.rootBytes);
  const directorRoot = await readIfThere(firstRootFile(workspace.directorFolder), LIMITS.rootBytes);
  const imageTargets = await readIfThere(targetsFileOf(workspace), LIMITS.targetsBytes);
  if (imageRoot === undefined) return undefined;
  if (directorRoot === undefined || imageTargets === undefined) {
    throw new Failure('workspace_damaged', `${workspace.home} has an image root but not the rest`);
  }
  return { imageRoot, directorRoot, imageTargets };
}

/** The roots were made for exactly the keys that this server announces. */
export function requireOnlineKeys(files: FirstFiles, online: OnlineKeys): void {
  const image = acceptFirstRoot(files.imageRoot).content;
  const director = acceptFirstRoot(files.directorRoot).content;
  const fits =
    (['snapshot', 'timestamp'] as const).every((role) => names(image, role, online.image[role])) &&
    (['targets', 'snapshot', 'timestamp'] as const).every((role) =>
      names(director, role, online.director[role]),
    );
  if (!fits) throw new Failure('server_changed', 'the roots here were made for another server');
}

/** Fingerprint of a file, for comparing by eye. */
export function fingerprint(bytes: Uint8Array): string {
  return sha256Hex(bytes);
}

function names(
  { roles, keys }: Root,
  role: 'targets' | 'snapshot' | 'timestamp',
  expected: PublicKey,
): boolean {
  return roles[role].keyids.some((id) => {
    const key = keys.get(id);
    return key !== undefined && keyMaterial(key) === keyMaterial(expected);
  });
}

function targetsFileOf(workspace: Workspace): string {
  return join(workspace.imageFolder, '1.targets.json');
}
