import type { Config } from '../config/load-config.ts';
import { archiveInstaller } from './archive-installer.ts';
import { requireSpace } from './free-space.ts';
import { imageInstaller } from './image-installer.ts';
import { KERNEL_FILES } from './image-target.ts';
import type { FindInstaller, Installer } from './installer.ts';

/** The installers of a device, by its configuration. `requireRunning` ends long work on request. */
export function installersOf(
  { limits, slots }: Pick<Config, 'limits' | 'slots'>,
  requireRunning: () => void,
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
  return (name) => installers.get(name);
}
