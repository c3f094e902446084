import { installedDigestIfKnown } from '../../shared/release/installed-digest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { ModuleFailure } from '../modules/module-failure.ts';
import { isOfPlatform } from '../platform-error.ts';
import { standingIn, type Installed, type Slot } from '../state/agent-state.ts';
import { componentFolder } from './component-folder.ts';
import { TargetUnfit, type FindInstaller } from './installer.ts';
import type { SlotFolders } from './write-spare-slot.ts';

/** What stands of each component now, and the one digest of all that the release brought. */
export interface MeasuredSlot {
  readonly installedSha256: string | null;
  readonly components: readonly MeasuredComponent[];
}

/** Null of what nobody could measure when it was installed, and so nobody can compare now. */
interface MeasuredComponent {
  readonly component: string;
  readonly installedSha256: string | null;
}

/** What a slot is made of, as the agent reaches it. */
export interface SlotWorld {
  readonly slots: Pick<SlotFolders, 'folder'>;
  readonly findInstaller: FindInstaller;
}

/** Stands for what is gone, or what no release can hold. */
export const NOTHING_MEASURABLE = '0'.repeat(64);

/** Measures every component of a slot again, from where it stands. */
export async function measureInstalled(
  { slots, findInstaller }: SlotWorld,
  slot: Slot,
  installed: Pick<Installed, 'components' | 'kept'>,
): Promise<MeasuredSlot> {
  const standing = standingIn(installed);
  const measured: MeasuredComponent[] = [];
  for (const each of standing) {
    const { component, installer } = each;
    if (each.installedSha256 === null) {
      measured.push({ component, installedSha256: null });
      continue;
    }
    const folder = componentFolder(slots.folder(slot), standing, each);
    const digest = await orNothing(async () =>
      findInstaller(installer)?.measure({ slot, component, folder }, each),
    );
    measured.push({ component, installedSha256: digest });
  }
  const brought = measured.slice(0, installed.components.length);
  return { installedSha256: installedDigestIfKnown(brought), components: measured };
}

async function orNothing(measure: () => Promise<string | undefined>): Promise<string> {
  try {
    return (await measure()) ?? NOTHING_MEASURABLE;
  } catch (cause) {
    // What cannot be read is not what was signed; and no broken disk may keep an agent from starting.
    const isTold = [Refusal, TargetUnfit, ModuleFailure].some((kind) => cause instanceof kind);
    if (!isTold && !isOfPlatform(cause)) throw cause;
    return NOTHING_MEASURABLE;
  }
}
