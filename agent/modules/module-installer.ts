import { Refusal } from '../../shared/trust/refusal.ts';
import type { Installer, InstallTask, Measured } from '../install/installer.ts';
import type { KeptTwice } from '../install/kept-twice.ts';
import { hasModule, moduleExecutable } from './module-executable.ts';
import { ModuleFailure } from './module-failure.ts';
import { hasBegun, newEntry, type ModuleJournal } from './module-journal.ts';
import { openModuleLog } from './module-log.ts';
import { payloadOf, type PayloadDeps } from './module-payload.ts';
import type { ModuleRef, ModuleRunner } from './module-runner.ts';
import { layOutTree } from './module-tree.ts';
import { nameOf } from './module-runner.ts';
import { stagePayload } from './stage-payload.ts';

/** What preparing a module needs. */
export interface ModuleInstallerDeps extends PayloadDeps {
  readonly folder: string;
  readonly treeOf: (component: string) => string;
  readonly hardwareId: string;
  readonly runner: ModuleRunner;
  readonly journal: KeptTwice<ModuleJournal>;
  /** Asks a module what stands there, when no update is under way. */
  readonly measure: (module: ModuleRef) => Promise<string | undefined>;
}

/**
 * `module:<type>`: an executable that speaks Mender's update-module protocol v3. Installing it into a
 * slot is only the protocol's `Download`: what runs is changed when the device is activated, and there
 * is no second place for it. So what stands there can be said only afterwards.
 */
export function moduleInstaller(deps: ModuleInstallerDeps, type: string): Installer {
  const { folder } = deps;
  return {
    accept: async ({ component }) => {
      if (await hasModule(folder, type)) return;
      const detail = `${component} needs update module ${type}, and this device has none`;
      throw new Refusal('installer_unsupported', detail);
    },
    check: async () => {
      await moduleExecutable(folder, type);
    },
    install: (task) => stage(deps, type, task),
    measure: ({ component }) => deps.measure({ component, type }),
  };
}

async function stage(
  deps: ModuleInstallerDeps,
  type: string,
  task: InstallTask,
): Promise<Measured> {
  const { component, release, running, artifact } = task;
  const { runner, treeOf, hardwareId, journal } = deps;
  const log = await openModuleLog(journal, release.manifestSha256);
  const entry = newEntry(component, type);
  if (log.entries().some((known) => known.component === component && hasBegun(known))) {
    const detail = `${nameOf(entry)} had begun to install, and the state of the agent was lost`;
    throw new ModuleFailure('module_interrupted', detail);
  }
  const tree = treeOf(component);
  await layOutTree(tree, {
    ...{ type, hardwareId, running, release },
    metaData: artifact.module?.metaData ?? {},
  });
  await log.note(entry);
  const payloadFolder = `${tree}.payload`;
  const files = await payloadOf(deps, task, payloadFolder);
  const staging = { module: entry, tree, payloadFolder, files };
  const filesSha256 = (await stagePayload(runner, staging)) ?? null;
  await log.note({ ...entry, phase: 'staged', filesSha256 });
  return { sha256: null, length: null };
}
