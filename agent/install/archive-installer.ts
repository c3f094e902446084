import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ArchiveLimits } from '../../shared/release/archive-entries.ts';
import { treeDigest } from '../../shared/release/tree-digest.ts';
import type { LocalState } from '../drift/local-state.ts';
import type { AfterRead } from '../drift/read-budget.ts';
import type { Installer, InstallTask } from './installer.ts';
import { flushFolder, hasCode } from './durable-file.ts';
import { readTree, readTreeIfThere } from './measure-tree.ts';
import { requireRestorable, type Ability } from './restorable.ts';
import { unpackArchive } from './unpack-archive.ts';

/** What unpacking needs. */
export interface ArchiveDeps {
  readonly limits: ArchiveLimits;
  readonly requireSpace: (folder: string, lengthBytes: number) => Promise<void>;
  readonly requireRunning: () => void;
  readonly local: LocalState;
  readonly ability: Ability;
  /** Of what is only measured: the budget of whoever asks. */
  readonly afterRead?: AfterRead | undefined;
}

/** `archive`: a tar, plain or gzip, unpacked into an empty folder of the spare slot. */
export function archiveInstaller(deps: ArchiveDeps): Installer {
  return {
    accept: ({ restore = [] }) => requireRestorable(restore, deps.ability),
    check: () => Promise.resolve(), // what an archive needs is free only once the slot is empty
    install: async (task) => {
      await unpack(deps, task);
      const { restore } = task.artifact;
      const entries = await readTree(task.folder, { measuring: 'flush', restore });
      await deps.local.note(task, entries);
      return { sha256: treeDigest(entries, restore), length: null };
    },
    measure: async (place, { installedSha256, restore }) => {
      const { afterRead } = deps;
      const entries = await readTreeIfThere(place.folder, { restore, afterRead });
      if (entries === undefined) return undefined;
      const digest = treeDigest(entries, restore);
      const without = await deps.local.digestWithout(place, entries, restore);
      return without === installedSha256 ? without : digest;
    },
  };
}

async function unpack(
  { limits, requireSpace, requireRunning }: ArchiveDeps,
  { folder, path, artifact }: InstallTask,
): Promise<void> {
  await requireSpace(dirname(folder), artifact.length);
  await makeFolder(folder);
  const { restore } = artifact;
  await unpackArchive(path, folder, { ...limits, restore }, requireRunning);
}

/** The slot itself is there already, empty; the folder of one component among several is not. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o755 });
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST')) throw cause;
  }
  await flushFolder(dirname(folder));
}
