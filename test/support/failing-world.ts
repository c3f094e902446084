import { makePermanent, returnToPreviousSlot, switchSlot } from '../../agent/boot/switch-slot.ts';
import type { BootControl } from '../../agent/boot/boot-control.ts';
import { probeHealth } from '../../agent/health/probe-health.ts';
import { noWatchdog } from '../../agent/health/watchdog.ts';
import { effectOf, type Effect } from '../../agent/machine.ts';
import { installedDigest } from '../../shared/release/installed-digest.ts';
import type { Installer } from '../../agent/install/installer.ts';
import { writeSpareSlot } from '../../agent/install/write-spare-slot.ts';
import {
  activateWithModules,
  cleanUpModules,
  commitWithModules,
  returnWithModules,
  tryWithModules,
} from '../../agent/modules/with-modules.ts';
import { slotsFor, staysInSlot } from '../../agent/modules/in-place.ts';
import type { Step, World } from '../../agent/run-update.ts';
import {
  firstState,
  updateOf,
  type AgentState,
  type Installed,
  type Slot,
  type Update,
} from '../../agent/state/agent-state.ts';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { DIGESTS, type Content } from './failing-content.ts';
import { failingModules, moduleDisk, type ModuleDisk } from './failing-modules.ts';

/** The plug was pulled: everything that was not on disk is gone. */
export class PowerCut extends Error {}

/** What goes wrong at one step. */
export interface Fault {
  readonly atStep: number;
  /**
   * `cut`: the power goes before the step, or right after it.
   * `lost`: the step reports success, never reaches the disk, and then the power goes.
   * `persisted`: the step reaches the disk and reports an error all the same.
   */
  readonly kind: 'cut_before' | 'cut_after' | 'lost' | 'persisted';
}

/** A device whose disk survives and whose memory does not. Its slots, link and outbox are on disk. */
export interface FailingDevice {
  readonly world: World;
  readonly reports: ReadonlyMap<number, ReportEvent>;
  readonly running: () => 'old' | 'new' | 'half';
  readonly everRanHalfASlot: () => boolean;
  readonly stage: () => string | undefined;
  /** What comes after an update has ended: whatever modules kept to roll back with goes. */
  readonly cleanUp: () => Promise<void>;
  /** What is noted of the slot that runs. */
  readonly installed: () => Installed | null;
  /** Whether the slot that did not run when the update began was touched. */
  readonly touchedSpare: () => boolean;
  /** How many modules are still noted. */
  readonly notedModules: () => number;
  /** How many steps were taken: a fault beyond it never happens. */
  readonly steps: () => number;
}

interface Disk {
  state: AgentState;
  readonly outbox: Map<number, ReportEvent>;
  /** By component: a slot is whole when all of them are of one release. */
  readonly content: Record<Slot, Map<string, Content>>;
  readonly marks: Record<Slot, 'good' | 'bad'>;
  primary: Slot;
  readonly modules: ModuleDisk;
}

const RELEASE = { product: 'gateway', version: '2.0.0', manifestSha256: '2'.repeat(64) };
const OLD_RELEASE = { product: 'gateway', version: '1.0.0', manifestSha256: '1'.repeat(64) };

/** The release that the device starts with. */
export function oldOf(names: readonly string[]): Installed {
  const components = names.map((component) => ({
    component,
    installer: 'image' as const,
    installedSha256: DIGESTS.old,
    length: 1,
  }));
  const installedSha256 = installedDigest(components);
  return { release: OLD_RELEASE, securityEpoch: 1, installedSha256, components };
}

/** An error of the platform, as Node throws them. */
function inputOutputError(): Error {
  return Object.assign(new Error('EIO: i/o error'), { code: 'EIO', syscall: 'write' });
}

/** What a test plans: a release of these components, and what goes wrong. */
export interface Plan {
  readonly healthy: boolean;
  readonly fault: Fault | undefined;
  readonly components?: readonly string[];
  /** Components of a module each, installed after the others. */
  readonly modules?: readonly string[];
  readonly reboot?: 'Yes' | 'No';
  /** Components of the old release that the new one, of modules alone, leaves as they are. */
  readonly keeps?: readonly string[];
}

/** A device that runs the old release from slot a, and is offered the new one. */
export function failingDevice(plan: Plan): FailingDevice {
  const { components = ['rootfs'], modules: ofModules = [], reboot = 'No', keeps = [] } = plan;
  const all = (content: Content): Map<string, Content> =>
    new Map(components.map((name) => [name, content]));
  const disk: Disk = {
    state: {
      ...firstState(),
      slots: { a: oldOf([...components, ...keeps]), b: null },
      securityEpoch: 1,
    },
    outbox: new Map(),
    content: { a: all('old'), b: all('half') },
    marks: { a: 'good', b: 'bad' },
    primary: 'a',
    modules: moduleDisk(ofModules),
  };
  const write = faultyWrites(plan.fault);
  let ranHalf = false;
  let touchedSpare = false;
  const boot: BootControl = {
    current: () => Promise.resolve(disk.primary),
    primary: () => Promise.resolve(disk.primary),
    setPrimary: (slot) => write.step(() => (disk.primary = slot ?? 'a')),
    state: (slot) => Promise.resolve(disk.marks[slot]),
    setState: (slot, mark) => {
      touchedSpare ||= slot !== 'a' || mark === 'bad';
      return write.step(() => (disk.marks[slot] = mark));
    },
    makePermanent: async (slot) => {
      await write.step(() => (disk.marks[slot] = 'good'));
      await write.step(() => (disk.primary = slot));
    },
    arrival: () => Promise.resolve('not_tried'),
    restart: async () => {
      await write.step(() => (ranHalf ||= wholeOf(disk) === 'half'));
      return { kind: 'restarted' };
    },
  };
  const installer: Installer = {
    accept: () => Promise.resolve(),
    check: () => Promise.resolve(),
    install: async ({ slot, component }) => {
      await write.step(() => disk.content[slot].set(component, 'half'));
      await write.step(() => disk.content[slot].set(component, 'new'));
      // Read back, as every installer does: a write that was lost does not go unnoticed.
      return { sha256: DIGESTS[disk.content[slot].get(component) ?? 'half'], length: 1 };
    },
    measure: () => Promise.resolve(undefined),
  };
  const modules = failingModules(disk.modules, write.step, reboot);
  const install = {
    boot,
    slots: {
      folder: (slot: Slot) => slot,
      empty: (slot: Slot) => {
        touchedSpare = true;
        return write.step(() => (disk.content[slot] = all('half')));
      },
      flush: () => write.step(() => undefined),
    },
    artifactPath: (sha256: string) => sha256,
    findInstaller: (name: string) => (name === 'image' ? installer : modules.installer),
    now: () => new Date(0),
  };
  const effects: Readonly<Record<Effect, (state: AgentState) => Promise<Step>>> = {
    wait_for_assignment: () => Promise.resolve({ outcome: 'done' }),
    verify_release: () => Promise.resolve(verified(wholeOf(disk), components, ofModules)),
    fetch_artifact: () => Promise.resolve(fetched(disk.primary)),
    write_spare_slot: (state) => writeSpareSlot(install, state),
    switch_slot: (state) => activateWithModules(modules.deps, state, () => switchSlot(boot, state)),
    probe_health: (state) =>
      tryWithModules(modules.deps, state, () =>
        probeHealth(trial(boot, disk, plan.healthy), state),
      ),
    make_permanent: (state) =>
      commitWithModules(modules.deps, state, () => makePermanent(boot, state)),
    return_to_previous_slot: (state) =>
      returnWithModules(modules.deps, state, () =>
        returnToPreviousSlot(boot, state, () => undefined),
      ),
  };
  return {
    world: {
      now: () => new Date(0),
      load: () => {
        for (const { number, event } of disk.state.unwritten) disk.outbox.set(number, event);
        const lastReport = Math.max(disk.state.lastReport, ...disk.outbox.keys());
        return Promise.resolve({ ...disk.state, lastReport, unwritten: [] });
      },
      save: async (state) => {
        await write.step(() => (disk.state = state));
        for (const { number, event } of state.unwritten) {
          if (!disk.outbox.has(number)) await write.step(() => disk.outbox.set(number, event));
        }
      },
      perform: (state) => effects[effectOf(state.stage)](state),
    },
    reports: disk.outbox,
    running: () => wholeOf(disk),
    everRanHalfASlot: () => ranHalf || wholeOf(disk) === 'half',
    stage: () => disk.state.stage,
    cleanUp: () => cleanUpModules(modules.deps),
    installed: () => disk.state.slots[disk.primary],
    touchedSpare: () => touchedSpare,
    notedModules: () => disk.modules.journal.entries.length,
    steps: () => write.taken(),
  };
}

/** What runs: half a release when its components are not all of one. */
function wholeOf({ content, primary, modules }: Disk): Content {
  const all = [...content[primary].values(), ...modules.live.values()];
  const [first, ...others] = new Set(all);
  return first === undefined || others.length > 0 ? 'half' : first;
}

/** A disk that fails at one step, as planned. */
export function faultyWrites(fault: Fault | undefined): {
  readonly step: (apply: () => unknown) => Promise<void>;
  readonly taken: () => number;
} {
  let steps = 0;
  const step = async (apply: () => unknown): Promise<void> => {
    await Promise.resolve();
    steps += 1;
    const kind = fault?.atStep === steps ? fault.kind : undefined;
    if (fault?.kind === 'lost' && steps === fault.atStep + 1) throw new PowerCut();
    if (kind === 'cut_before') throw new PowerCut();
    if (kind !== 'lost') apply();
    if (kind === 'cut_after') throw new PowerCut();
    if (kind === 'persisted') throw inputOutputError();
  };
  return { step, taken: () => steps };
}

/** What verifying comes to, when this runs. */
export function verified(
  running: Content,
  components: readonly string[],
  modules: readonly string[] = [],
): Step {
  if (running === 'new') return { outcome: 'nothing' };
  const update: Update = {
    release: RELEASE,
    securityEpoch: 2,
    artifacts: [...components, ...modules].map((component) => ({
      component,
      installer: modules.includes(component) ? 'module:keeper' : ('image' as const),
      fileName: component,
      mediaType: 'application/octet-stream',
      sha256: '3'.repeat(64),
      length: 1,
      installed: { sha256: DIGESTS.new, length: 1 },
    })),
    slots: null,
    releaseCounter: 1,
    wakeUps: {},
    milliseconds: { verify: 0, download: 0, trial: 0 },
  };
  return {
    outcome: 'done',
    remember: (state) => ({ ...state, update, offer: '4'.repeat(64), failedOffer: null }),
  };
}

/** What downloading comes to: the slots are decided. */
export function fetched(running: Slot): Step {
  return {
    outcome: 'done',
    remember: (before) => {
      const update = updateOf(before);
      const slots = slotsFor(update.artifacts, running);
      const state = { ...before, update: { ...update, slots } };
      if (staysInSlot(state)) return state;
      return { ...state, slots: { ...state.slots, [slots.to]: null } };
    },
  };
}

function trial(boot: BootControl, disk: Disk, healthy: boolean): Parameters<typeof probeHealth>[0] {
  let time = 0;
  return {
    boot,
    rule: { holdMs: 0, deadlineMs: 10, commitOfflineAfterMs: undefined, maxFlaps: undefined },
    intervalMs: 1,
    roundMs: 1_000,
    watchdog: noWatchdog,
    askProbes: () => Promise.resolve([healthy && wholeOf(disk) === 'new' ? undefined : 'sick']),
    reachServer: () => Promise.resolve(true),
    milliseconds: () => (time += 1),
    pause: () => Promise.resolve(),
  };
}
