import type { Config } from '../config/load-config.ts';
import { archiveInstaller } from './archive-installer.ts';
import { requireSpace } from './free-space.ts';
import { imageInstaller } from './image-installer.ts';
import { KERNEL_FILES } from './image-target.ts';
import { moduleTypeOf } from '../modules/module-type.ts';
import type { FindInstaller, Installer } from './installer.ts';

/** The installers of a device that an agent brings along, and those that it finds there. */
export interface InstallerDeps {
  /** Ends long work on request. */
  readonly requireRunning: () => void;
  /** The installer of an update module. */
  readonly moduleOf: (type: string) => Installer;
}

/** The installers of a device, by its configuration. */
export function installersOf(
  { limits, slots }: Pick<Config, 'limits' | 'slots'>,
  { requireRunning, moduleOf }: InstallerDeps,
): FindInstaller {
  const image = {
    targets: new Map(Object.entries(slots)),
    kernel: KERNEL_FILES,
    toolPath: process.env['PATH'] ?? '',
    requireSpace,
    requireRunning,
  };
  const installers = new Map<string, Installer>([
    ['archive', archiveInstaller({ limits, requireSpace, requireRunning })],
    ['image', imageInstaller(image)],
  ]);
  return (name) => {
    const type = moduleTypeOf(name);
    return type === undefined ? installers.get(name) : moduleOf(type);
  };
}
