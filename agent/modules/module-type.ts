import type { InstallerName } from '../../shared/release/manifest.ts';

const PREFIX = 'module:';

/** The type of the module behind an installer's name; undefined of our own installers. */
export function moduleTypeOf(installer: InstallerName): string | undefined {
  return installer.startsWith(PREFIX) ? installer.slice(PREFIX.length) : undefined;
}
