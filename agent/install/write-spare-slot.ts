import type { ReleaseRef } from '../../shared/protocol/report.ts';
import { installedDigestIfKnown } from '../../shared/release/installed-digest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import type { BootControl } from '../boot/boot-control.ts';
import { BootTrouble } from '../boot/boot-trouble.ts';
import { staysInSlot } from '../modules/in-place.ts';
import { ModuleFailure } from '../modules/module-failure.ts';
import { isOfPlatform } from '../platform-error.ts';
import type { Step } from '../run-update.ts';
import {
  slotsOf,
  updateOf,
  withSlot,
  type AgentState,
  type InstalledComponent,
  type PlannedArtifact,
  type Slot,
} from '../state/agent-state.ts';
import { condemn, failed, refusedRelease } from '../state/endings.ts';
import { componentFolder } from './component-folder.ts';
import { NoSpace } from './free-space.ts';
import { TargetUnfit, type FindInstaller, type Installer, type InstallTask } from './installer.ts';

/** The folders of the slots. Each thing can be done twice. */
export interface SlotFolders {
  readonly folder: (slot: Slot) => string;
  /** Leaves an empty folder there, whatever it was. */
  readonly empty: (slot: Slot) => Promise<void>;
  readonly flush: (slot: Slot) => Promise<void>;
}

/** What writing a slot needs. */
export interface InstallDeps {
  readonly boot: BootControl;
  readonly slots: SlotFolders;
  /** Where an artifact stands once its hash was right. */
  readonly artifactPath: (sha256: string) => string;
  readonly findInstaller: FindInstaller;
  readonly now: () => Date;
}

/**
 * DESIGN §3 "Slots", and the order is law: mark the spare bad, write, flush, read back and compare
 * with the signed digest, mark it good. Switching comes later, and last. Several artifacts are one
 * such step: all of them have been downloaded, and the slot is good only after the last. Of modules
 * alone nothing comes into a slot, so none is touched.
 */
export async function writeSpareSlot(deps: InstallDeps, state: AgentState): Promise<Step> {
  const { release, artifacts, securityEpoch } = updateOf(state);
  const { to, from } = slotsOf(state);
  const running = from === null ? null : (state.slots[from]?.release ?? null);
  try {
    const stays = staysInSlot(state);
    const components = await install(deps, { slot: to, release, running, stays }, artifacts);
    if (stays) return { outcome: 'done' }; // nothing stands there before its module is activated
    const installedSha256 = installedDigestIfKnown(components);
    const installed = { release, installedSha256, securityEpoch, components };
    return { outcome: 'done', remember: (before) => withSlot(before, to, installed) };
  } catch (cause) {
    if (cause instanceof Refusal) {
      const remember = (before: AgentState): AgentState =>
        condemn(refusedRelease(before, cause, deps.now()), release.manifestSha256);
      return { outcome: 'refused', remember };
    }
    return { outcome: 'failed', remember: whyNot(cause) };
  }
}

function whyNot(cause: unknown): (state: AgentState) => AgentState {
  if (cause instanceof BootTrouble) throw cause; // boot/fail-on-boot-trouble.ts, as in every stage
  if (cause instanceof TargetUnfit || cause instanceof ModuleFailure)
    return (state) => failed(state, cause.reason, cause.message);
  if (!(cause instanceof NoSpace) && !isOfPlatform(cause)) throw cause;
  return (state) => failed(state, 'disk', cause.message);
}

async function install(
  deps: InstallDeps,
  goal: Goal,
  artifacts: readonly PlannedArtifact[],
): Promise<InstalledComponent[]> {
  const { boot } = deps;
  const { slot, stays } = goal;
  const isInUse = async (): Promise<boolean> =>
    (await boot.current()) === slot || (await boot.primary()) === slot;
  if (!stays && (await isInUse())) {
    // A boot loader that does not do as it is told: neither slot may be written then.
    throw new BootTrouble('boot_slot_in_use', `slot ${slot} runs, or would after a power cut`);
  }
  const works = artifacts.map((artifact) => workOf(deps, goal, artifact, artifacts));
  for (const { installer, task } of works) await installer.check(task);
  if (stays) return installEach(works);
  await boot.setState(slot, 'bad');
  await deps.slots.empty(slot);
  const components = await installEach(works);
  await deps.slots.flush(slot);
  await boot.setState(slot, 'good');
  return components;
}

async function installEach(works: readonly Work[]): Promise<InstalledComponent[]> {
  const components: InstalledComponent[] = [];
  for (const work of works) components.push(await installOne(work));
  return components;
}

interface Goal {
  readonly slot: Slot;
  readonly release: ReleaseRef;
  readonly running: ReleaseRef | null;
  /** Modules alone: the slot runs, and stays as it is (modules/in-place.ts). */
  readonly stays: boolean;
}

interface Work {
  readonly installer: Installer;
  readonly task: InstallTask;
}

function workOf(
  { slots, artifactPath, findInstaller }: InstallDeps,
  goal: Goal,
  artifact: PlannedArtifact,
  all: readonly PlannedArtifact[],
): Work {
  const installer = findInstaller(artifact.installer);
  if (installer === undefined) {
    // It was there when the release was verified; the agent was exchanged or configured anew since.
    throw new TargetUnfit('target_missing', `nothing here installs ${artifact.installer} any more`);
  }
  const { component, sha256 } = artifact;
  const folder = componentFolder(slots.folder(goal.slot), all, artifact);
  const path = artifactPath(sha256);
  return { installer, task: { ...goal, component, folder, artifact, path } };
}

async function installOne({ installer, task }: Work): Promise<InstalledComponent> {
  const { component, artifact, slot } = task;
  const { sha256, length } = await installer.install(task);
  const signed = artifact.installed?.sha256 ?? sha256;
  if (sha256 !== null && sha256 !== signed) {
    throw new Refusal(
      'installed_digest_mismatch',
      `${component} in slot ${slot} measures ${sha256}, ${signed} was signed`,
    );
  }
  const { installer: name, restore } = artifact;
  const installed = { component, installer: name, installedSha256: sha256, length };
  return { ...installed, ...(restore && { restore }) };
}
