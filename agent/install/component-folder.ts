import { join } from 'node:path';
import type { InstallerName } from '../../shared/release/manifest.ts';

/** What decides where a component lies. */
interface Component {
  readonly component: string;
  readonly installer: InstallerName;
}

/**
 * The folder of a component in its slot. An archive that is the only one of its release is the slot
 * itself; several lie side by side, each below its own name, so that one link switches all of them.
 */
export function componentFolder(
  slotFolder: string,
  components: readonly Component[],
  { component }: Component,
): string {
  const archives = components.filter(({ installer }) => installer === 'archive');
  const isAlone = archives.length === 1 && archives[0]?.component === component;
  return isAlone ? slotFolder : join(slotFolder, component);
}
