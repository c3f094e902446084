import { currentOrNone } from '../boot/current-or-none.ts';
import {
  measureInstalled,
  NOTHING_MEASURABLE,
  type MeasuredSlot,
} from '../install/measure-installed.ts';
import type { FindInstaller } from '../install/installer.ts';
import type { Session } from '../session.ts';
import { standingIn, type Drift, type Installed, type Slot } from '../state/agent-state.ts';
import { announce } from '../state/transitions.ts';

/** What was found in a slot, and what should stand there. */
export interface DriftLook {
  readonly slot: Slot;
  readonly installed: Installed;
  readonly measured: MeasuredSlot;
}

/** DESIGN §3 "Drift": what stands in the running slot. Reads only. */
export async function lookAtSlot(
  { world, agent }: Pick<Session, 'world' | 'agent'>,
  findInstaller: FindInstaller,
): Promise<DriftLook | undefined> {
  const { boot, stages } = agent;
  const slot = await currentOrNone(boot);
  const installed = slot && (await world.load()).slots[slot];
  if (slot === undefined || !installed) return undefined;
  const { slots } = stages.install;
  return {
    slot,
    installed,
    measured: await measureInstalled({ slots, findInstaller }, slot, installed),
  };
}

/** What a look found is logged and reported once, and told with every report from now on. */
export async function tellDrift(
  { world, agent, drifted }: Session,
  { slot, installed, measured }: DriftLook,
): Promise<void> {
  const components = changedComponents(measured, installed);
  if (components.length === 0) drifted.delete(slot);
  else drifted.set(slot, measured);
  const state = await world.load();
  const next = driftOf(state.drift, { slot, installed, measured });
  if (components.length > 0) {
    const { installedSha256: signed } = installed;
    const about = { slot, measured: measured.installedSha256, signed };
    agent.log('slot_drifted', { ...about, components: components.join(', ') });
  }
  if (next.installedSha256 === (state.drift?.installedSha256 ?? null)) return;
  const { release } = installed;
  const event = { kind: 'drift' as const, release, slot, components: [...components] };
  await world.save(announce({ ...state, drift: next }, event, world.now()));
}

function driftOf(before: Drift | null, { slot, installed, measured }: DriftLook): Drift {
  const { manifestSha256 } = installed.release;
  const isSigned = changedComponents(measured, installed).length === 0;
  const digest = measured.installedSha256 ?? NOTHING_MEASURABLE;
  const repairs = before?.manifestSha256 === manifestSha256 ? before.repairs : 0;
  return { slot, manifestSha256, installedSha256: isSigned ? null : digest, repairs };
}

/** Those of which something else stands than was signed. */
function changedComponents(measured: MeasuredSlot, installed: Installed): readonly string[] {
  const signed = standingIn(installed);
  const isAsSigned = (digest: string | null, at: number): boolean =>
    signed[at]?.installedSha256 === digest;
  return measured.components
    .filter(({ installedSha256 }, at) => !isAsSigned(installedSha256, at))
    .map(({ component }) => component);
}
