import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/load-config.ts';
import { hasCode } from '../install/durable-file.ts';
import { requireSpace } from '../install/free-space.ts';
import type { Installer } from '../install/installer.ts';
import { wipeTree } from '../install/wipe-tree.ts';
import type { Log } from '../log.ts';
import { pause } from '../pause.ts';
import { statePaths } from '../paths.ts';
import { endLeftovers } from './end-leftovers.ts';
import { measureModule } from './measure-module.ts';
import type { ModuleDeps } from './module-deps.ts';
import { moduleInstaller } from './module-installer.ts';
import { moduleJournal, NO_MODULES } from './module-journal.ts';
import { moduleRunner, type RunnerDeps } from './module-runner.ts';

/** The update modules of a device. */
export interface Modules {
  readonly installerOf: (type: string) => Installer;
  /** `onRun`: something is about to run, for this long at most. */
  readonly drivenWith: (driver: Driver) => ModuleDeps;
}

type Driver = Pick<ModuleDeps, 'bootId' | 'onRun'> & Pick<ModuleDeps['reboot'], 'untilEnd'>;

type ModulesOf = Pick<Config, 'modules' | 'limits' | 'stateDir' | 'hardwareId'>;

/** The update modules of a device, by its configuration. */
export function openModules(
  config: ModulesOf,
  { log, requireRunning }: { readonly log: Log; readonly requireRunning: () => void },
): Modules {
  const { modules, limits, hardwareId } = config;
  const { folder, reboot: command } = modules;
  const paths = statePaths(config.stateDir).modules;
  const treeOf = (component: string): string => join(paths.trees, component);
  const journal = moduleJournal(paths.journal);
  const calls: RunnerDeps = {
    folder,
    treeOf,
    timeoutMs: modules.timeoutSeconds * 1_000,
    graceMs: modules.graceSeconds * 1_000,
    queryMs: modules.querySeconds * 1_000,
    onRun: () => undefined, // outside a trial nothing watches
    log,
  };
  const runner = moduleRunner(calls);
  const measuring = { ...calls, hardwareId, scratchFolder: tmpdir() };
  const staging = {
    ...{ folder, treeOf, hardwareId, runner, journal, limits, requireSpace, requireRunning },
    measure: (module: Parameters<typeof measureModule>[1]) => measureModule(measuring, module),
  };
  return {
    installerOf: (type) => moduleInstaller(staging, type),
    drivenWith: ({ bootId, onRun, untilEnd }) => ({
      runner: moduleRunner({ ...calls, onRun }),
      journal,
      treeOf,
      removeTrees: () => wipeTree(paths.trees),
      reboot: {
        ...{ command, untilEnd, folder: config.stateDir },
        patienceMs: modules.rebootSeconds * 1_000,
      },
      bootId,
      onRun,
      endLeftovers: async () => {
        // Services that a module started belong to it too: they are left alone once it has ended.
        if (((await journal.load()) ?? NO_MODULES).entries.length > 0)
          await endOrphans(paths.trees);
      },
      log,
    }),
  };
}

const NEVER = new AbortController().signal;

function endOrphans(treesFolder: string): Promise<void> {
  return endLeftovers({
    processes: '/proc',
    treesFolder,
    kill: (id) => {
      try {
        process.kill(id, 'SIGKILL');
      } catch (cause) {
        if (!hasCode(cause, 'ESRCH')) throw cause; // it has ended by itself
      }
    },
    pause: (ms) => pause(ms, NEVER),
  });
}
