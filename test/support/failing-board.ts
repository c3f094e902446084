import type { BootControl, BootLoader } from '../../agent/boot/boot-control.ts';
import { confirmBoot } from '../../agent/boot/confirm-boot.ts';
import { failOnBootTrouble } from '../../agent/boot/fail-on-boot-trouble.ts';
import { rebootingBoot } from '../../agent/boot/rebooting-boot.ts';
import { makePermanent, returnToPreviousSlot, switchSlot } from '../../agent/boot/switch-slot.ts';
import { probeHealth } from '../../agent/health/probe-health.ts';
import { noWatchdog } from '../../agent/health/watchdog.ts';
import { isOfPlatform } from '../../agent/platform-error.ts';
import { effectOf, type Effect } from '../../agent/machine.ts';
import { resumeUpdate, runUpdate, type Step, type World } from '../../agent/run-update.ts';
import {
  firstState,
  slotsOf,
  type AgentState,
  type Installed,
  type Slot,
} from '../../agent/state/agent-state.ts';
import type { ReportEvent } from '../../shared/protocol/report.ts';
import { DIGESTS, type Content } from './failing-content.ts';
import { faultyWrites, fetched, oldOf, PowerCut, verified, type Fault } from './failing-world.ts';

/** What a simulated boot loader does when the power comes: it answers which slot it starts. */
export interface Firmware {
  readonly loader: (tools: BoardTools) => BootLoader;
  /** `asked`: the command that this start comes from, or undefined after a cut or a reset. */
  readonly powerOn: (asked: readonly string[] | undefined) => Promise<Slot>;
  /** Whether it ever found no slot with a try left: then it starts any, half written or not. */
  readonly wasAtALoss?: () => boolean;
}

/** What a boot loader's adapter finds on a board. */
export interface BoardTools {
  readonly current: () => Promise<Slot>;
  /** Counts as a step at which the power may go. */
  readonly step: (apply: () => unknown) => Promise<void>;
}

/** How the new release behaves: `dead` never comes up, `sick` comes up and its probes fail. */
export type Health = 'healthy' | 'sick' | 'dead';

/** The board was restarted, as the agent asked. */
class Rebooted extends Error {}

/** A board with a real adapter on a simulated boot loader, and a disk that fails as planned. */
export interface FailingBoard {
  /** Lives through power cuts, reboots and fallbacks, until the update has ended. */
  readonly live: () => Promise<void>;
  /** Starts it once more, as after a power cut, and answers which release comes up. */
  readonly startAgain: () => Promise<Content>;
  readonly reports: ReadonlyMap<number, ReportEvent>;
  readonly running: () => Content;
  readonly everRanHalfASlot: () => boolean;
  /** Whether the boot loader ever had no slot left to try. */
  readonly everAtALoss: () => boolean;
  readonly stage: () => string;
  readonly steps: () => number;
}

const MAX_STARTS = 40; // a board that starts more often than that is in a loop
const COMPONENTS = ['os'];

/** What is to happen to a board. */
export interface BoardPlan {
  readonly health: Health;
  readonly fault: Fault | undefined;
  /** How often the power goes while it downloads. */
  readonly cutsInDownload?: number;
}

/** Runs the old release from slot a, and is offered the new one. */
export async function failingBoard(
  firmware: Firmware,
  markPath: string,
  plan: BoardPlan,
): Promise<FailingBoard> {
  let state: AgentState = {
    ...firstState(),
    slots: { a: oldOf(COMPONENTS), b: null },
    securityEpoch: 1,
  };
  const outbox = new Map<number, ReportEvent>();
  const content: Record<Slot, Content> = { a: 'old', b: 'half' };
  const write = faultyWrites(plan.fault);
  let isOver = false;
  const step = (apply: () => unknown): Promise<void> => {
    if (!isOver) return write.step(apply);
    apply(); // what comes after the update is no longer disturbed
    return Promise.resolve();
  };
  let current: Slot = 'a';
  let starts = 0;
  let downloads = 0;
  let ranHalf = false;
  let asked: readonly string[] | undefined;

  const powerOn = async (): Promise<void> => {
    for (;;) {
      starts += 1;
      if (starts > MAX_STARTS) throw new Error('the board is in a loop');
      current = await firmware.powerOn(asked);
      asked = undefined;
      ranHalf ||= content[current] === 'half';
      const isDead =
        content[current] === 'half' || (content[current] === 'new' && plan.health === 'dead');
      if (!isDead) return; // otherwise the watchdog resets it
    }
  };

  const openBoot = (): BootControl => {
    const loader = firmware.loader({ current: () => Promise.resolve(current), step });
    return rebootingBoot(loader, {
      command: ['reboot'],
      run: (command) => {
        asked = command;
        return Promise.resolve('');
      },
      markPath,
      bootId: `boot-${starts}`,
      untilEnd: () => Promise.reject(new Rebooted()),
      patienceMs: 1_000,
    });
  };

  const install = async (boot: BootControl, before: AgentState): Promise<Step> => {
    const { to } = slotsOf(before);
    await boot.setState(to, 'bad');
    await step(() => (content[to] = 'half'));
    await step(() => (content[to] = 'new'));
    await boot.setState(to, 'good');
    const installed: Installed = { ...newOf(), securityEpoch: 2 };
    return {
      outcome: 'done',
      remember: (now) => ({ ...now, slots: { ...now.slots, [to]: installed } }),
    };
  };

  const openWorld = (): { readonly world: World; readonly boot: BootControl } => {
    const boot = openBoot();
    const effects: Readonly<Record<Effect, (now: AgentState) => Promise<Step>>> = {
      wait_for_assignment: () => Promise.resolve({ outcome: 'done' }),
      verify_release: () => Promise.resolve(verified(content[current], COMPONENTS)),
      fetch_artifact: () => {
        downloads += 1;
        if (downloads <= (plan.cutsInDownload ?? 0)) throw new PowerCut();
        return Promise.resolve(fetched(current));
      },
      write_spare_slot: (now) => install(boot, now),
      switch_slot: (now) => switchSlot(boot, now),
      probe_health: (now) => probeHealth(trialOf(boot, plan.health), now),
      make_permanent: (now) => makePermanent(boot, now),
      return_to_previous_slot: (now) => returnToPreviousSlot(boot, now, () => undefined),
    };
    const perform = failOnBootTrouble((now) => effects[effectOf(now.stage)](now));
    const world: World = {
      now: () => new Date(0),
      load: () => {
        for (const { number, event } of state.unwritten) outbox.set(number, event);
        const lastReport = Math.max(state.lastReport, ...outbox.keys());
        return Promise.resolve({ ...state, lastReport, unwritten: [] });
      },
      save: async (next) => {
        await step(() => (state = next));
        for (const { number, event } of next.unwritten) {
          if (!outbox.has(number)) await step(() => outbox.set(number, event));
        }
      },
      perform,
    };
    return { world, boot };
  };

  /** One life of the agent: from its start to the end of the update, a reboot or a power cut. */
  const liveOnce = async (): Promise<'ended' | 'offered_again' | 'restart' | 'again'> => {
    const { world, boot } = openWorld();
    try {
      await confirmBoot(boot, await world.load());
      await resumeUpdate(world);
      if (endings(outbox).length > 0) return 'ended';
      await runUpdate(world);
      return endings(outbox).length > 0 ? 'ended' : 'offered_again';
    } catch (cause) {
      if (cause instanceof PowerCut || cause instanceof Rebooted) return 'restart';
      if (isOfPlatform(cause)) return 'again'; // the agent begins anew, not the board
      throw cause;
    }
  };

  await powerOn();
  return {
    live: async () => {
      for (let lives = 1; ; lives += 1) {
        if (lives > MAX_STARTS) throw new Error('the agent is in a loop');
        const end = await liveOnce();
        if (end === 'ended') {
          isOver = true;
          return;
        }
        if (end === 'restart') await powerOn();
      }
    },
    startAgain: async () => {
      asked = undefined;
      await powerOn();
      const { world, boot } = openWorld();
      await confirmBoot(boot, await world.load());
      return content[current];
    },
    reports: outbox,
    running: () => content[current],
    everRanHalfASlot: () => ranHalf,
    everAtALoss: () => firmware.wasAtALoss?.() ?? false,
    stage: () => state.stage,
    steps: () => write.taken(),
  };
}

/** How updates ended, in the order of the reports. */
export function endings(reports: ReadonlyMap<number, ReportEvent>): readonly string[] {
  return [...reports.values()].map(({ kind }) => kind).filter((kind) => kind !== 'stage');
}

function newOf(): Installed {
  const components = oldOf(COMPONENTS).components.map((component) => {
    return { ...component, installedSha256: DIGESTS.new };
  });
  const release = { product: 'gateway', version: '2.0.0', manifestSha256: '2'.repeat(64) };
  return { release, securityEpoch: 2, installedSha256: DIGESTS.new, components };
}

function trialOf(boot: BootControl, health: Health): Parameters<typeof probeHealth>[0] {
  let time = 0;
  return {
    boot,
    rule: { holdMs: 0, deadlineMs: 10, commitOfflineAfterMs: undefined, maxFlaps: undefined },
    intervalMs: 1,
    roundMs: 1_000,
    watchdog: noWatchdog,
    askProbes: () => Promise.resolve([health === 'healthy' ? undefined : 'sick']),
    reachServer: () => Promise.resolve(true),
    milliseconds: () => (time += 1),
    pause: () => Promise.resolve(),
  };
}
