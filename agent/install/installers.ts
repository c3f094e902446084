import type { Config } from '../config/load-config.ts';
import { archiveInstaller } from './archive-installer.ts';
import { requireSpace } from './free-space.ts';
import { imageInstaller } from './image-installer.ts';
import { KERNEL_FILES } from './image-target.ts';
import { moduleTypeOf } from '../modules/module-type.ts';
import { localState } from '../drift/local-state.ts';
import type { AfterRead } from '../drift/read-budget.ts';
import { statePaths } from '../paths.ts';
import type { FindInstaller, Installer } from './installer.ts';

/** The installers of a device that an agent brings along, and those that it finds there. */
export interface InstallerDeps {
  /** Ends long work on request. */
  readonly requireRunning: () => void;
  /** The installer of an update module. */
  readonly moduleOf: (type: string) => Installer;
  /** How fast what stands there is measured, where that is not urgent. */
  readonly afterRead?: AfterRead | undefined;
}

/** The installers of a device, by its configuration. */
export function installersOf(
  { limits, slots, drift, stateDir }: Pick<Config, 'limits' | 'slots' | 'drift' | 'stateDir'>,
  { requireRunning, moduleOf, afterRead }: InstallerDeps,
): FindInstaller {
  const toolPath = process.env['PATH'] ?? '';
  const ability = { statusFile: '/proc/self/status', toolPath };
  const local = localState(statePaths(stateDir).local, drift.allow);
  const image = {
    targets: new Map(Object.entries(slots)),
    kernel: KERNEL_FILES,
    toolPath,
    requireSpace,
    requireRunning,
    afterRead,
  };
  const installers = new Map<string, Installer>([
    [
      'archive',
      archiveInstaller({ limits, requireSpace, requireRunning, local, ability, afterRead }),
    ],
    ['image', imageInstaller(image)],
  ]);
  return (name) => {
    const type = moduleTypeOf(name);
    return type === undefined ? installers.get(name) : moduleOf(type);
  };
}
