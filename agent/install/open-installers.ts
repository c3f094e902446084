import type { Config } from '../config/load-config.ts';
import { readBudget } from '../drift/read-budget.ts';
import type { Log } from '../log.ts';
import { openModules, type Modules } from '../modules/open-modules.ts';
import type { FindInstaller } from './installer.ts';
import { installersOf } from './installers.ts';

/** The installers of an agent, and the modules behind some of them. */
export interface Installers {
  readonly modules: Modules;
  readonly findInstaller: FindInstaller;
  /** The same, reading no faster than its budget: to measure what is not urgent. */
  readonly findInstallerSlowly: FindInstaller;
}

/** What they need of the agent. */
export interface InstallersDeps {
  readonly requireRunning: () => void;
  readonly milliseconds: () => number;
  /** Throws when the agent is told to end. */
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly log: Log;
}

/** Makes them, by the configuration. */
export function openInstallers(
  config: Config,
  { requireRunning, milliseconds, pause, log }: InstallersDeps,
): Installers {
  const modules = openModules(config, { log, requireRunning });
  const deps = { requireRunning, moduleOf: modules.installerOf };
  const { bytesPerSecond } = config.drift;
  const afterRead = readBudget({ bytesPerSecond, milliseconds, pause });
  return {
    modules,
    findInstaller: installersOf(config, deps),
    findInstallerSlowly: installersOf(config, { ...deps, afterRead }),
  };
}
