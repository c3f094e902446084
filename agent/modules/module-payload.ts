import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveLimits } from '../../shared/release/archive-entries.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { InstallTask } from '../install/installer.ts';
import { unpackArchive } from '../install/unpack-archive.ts';
import { wipeTree } from '../install/wipe-tree.ts';

/** One file of a payload, on this disk, with the name that its module knows it by. */
export interface PayloadFile {
  readonly name: string;
  readonly path: string;
  readonly size: number;
}

/** What unpacking a payload needs. */
export interface PayloadDeps {
  readonly limits: ArchiveLimits;
  readonly requireSpace: (folder: string, lengthBytes: number) => Promise<void>;
  readonly requireRunning: () => void;
}

/** One line of `stream-next` holds a name, and a size after a space. */
const NAME = /^[A-Za-z0-9._+@%=,~-]{1,255}$/;

/**
 * The files of an artifact whose hash has been checked: itself, or what is in its tar. They are
 * copied to `folder`, because a module may do with its files what it likes.
 */
export async function payloadOf(
  { limits, requireSpace, requireRunning }: PayloadDeps,
  { artifact, path }: Pick<InstallTask, 'artifact' | 'path'>,
  folder: string,
): Promise<readonly PayloadFile[]> {
  await wipeTree(folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await requireSpace(folder, artifact.length);
  if (artifact.module?.files === 'tar') {
    await unpackArchive(path, folder, limits, requireRunning);
  } else {
    await copyFile(path, join(folder, artifact.fileName), constants.COPYFILE_FICLONE);
  }
  return filesIn(folder);
}

async function filesIn(folder: string): Promise<readonly PayloadFile[]> {
  const files: PayloadFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    const found = await lstat(path);
    if (!found.isFile() || !NAME.test(name)) {
      throw new Refusal(
        'archive_entry_refused',
        `${JSON.stringify(name)} is nothing that a module can be given`,
      );
    }
    files.push({ name, path, size: found.size });
  }
  return files;
}
