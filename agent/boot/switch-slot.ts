import { staysInSlot, withReplaced } from '../modules/in-place.ts';
import { isOfPlatform } from '../platform-error.ts';
import type { Step } from '../run-update.ts';
import { slotsOf, withSlot, type AgentState, type Slot } from '../state/agent-state.ts';
import { failedStep } from '../failed-step.ts';
import type { BootControl } from './boot-control.ts';
import { BootTrouble } from './boot-trouble.ts';

/**
 * Makes the new slot the running one: the last step of the order, and only for a good slot. Where
 * that takes a reboot, the agent comes back here in its next life and sees where it woke up.
 */
export async function switchSlot(boot: BootControl, state: AgentState): Promise<Step> {
  const { to } = slotsOf(state);
  try {
    if (staysInSlot(state)) {
      const isThere = (await boot.current()) === to;
      return isThere ? { outcome: 'done' } : failedStep('activation', `slot ${to} no longer runs`);
    }
    const arrival = await boot.arrival(to);
    if (arrival === 'arrived') return { outcome: 'done' };
    if (arrival === 'fell_back') return failedStep('activation', await whereItFell(boot, to));
    if ((await boot.state(to)) !== 'good') {
      return failedStep('activation', `slot ${to} is not marked good`);
    }
    await boot.setPrimary(to);
    const restarted = await boot.restart(to);
    return restarted.kind === 'restarted'
      ? { outcome: 'done' }
      : failedStep('activation', restarted.detail);
  } catch (cause) {
    if (!isOfPlatform(cause)) throw cause;
    // The board's boot control or disk is to blame, not the release: it may be tried on another day.
    return failedStep(cause instanceof BootTrouble ? 'internal' : 'disk', cause.message);
  }
}

async function whereItFell(boot: BootControl, to: Slot): Promise<string> {
  const [runs, mark] = [await boot.current(), await boot.state(to)];
  return (
    `the boot loader fell back: the device was restarted into slot ${to}, ` +
    `slot ${String(runs)} runs, slot ${to} is marked ${mark}`
  );
}

/** Undoes whatever an update did, needing nobody: the old slot is primary again and runs. */
export async function returnToPreviousSlot(
  boot: BootControl,
  state: AgentState,
  log: (detail: string) => void,
): Promise<Step> {
  if (staysInSlot(state)) return { outcome: 'done', remember: withReplaced };
  const slots = state.update?.slots ?? null;
  if (slots !== null) {
    await boot.setState(slots.to, 'bad');
    const switched = wasSwitched(state);
    // A boot loader that fell back by itself may still count: it is told that the old slot is good.
    if (switched || (await boot.primary()) === slots.to) await goBackTo(boot, slots.from);
    if (switched) await runAgain(boot, slots.from ?? undefined, log);
    return { outcome: 'done', remember: (before) => withSlot(before, slots.to, null) };
  }
  return { outcome: 'done' };
}

async function runAgain(
  boot: BootControl,
  from: Slot | undefined,
  log: (detail: string) => void,
): Promise<void> {
  if (from !== undefined && (await boot.arrival(from)) === 'fell_back') {
    // Rebooting for ever would not help: what really runs is in the report that follows.
    log(`the device was restarted to go back to slot ${from}, and the boot loader did not`);
    return;
  }
  const restarted = await boot.restart(from);
  if (restarted.kind === 'restarted') return;
  if ((await boot.current()) !== from)
    throw new BootTrouble('boot_not_restarted', restarted.detail);
  // The link is right, so a service manager or the next boot starts the old release all the same.
  log(restarted.detail);
}

/** What ran before is known to be good: it needs no trial, and must not be left for a second one. */
async function goBackTo(boot: BootControl, from: Slot | null): Promise<void> {
  if (from === null) await boot.setPrimary(undefined);
  else await boot.makePermanent(from);
}

/** The new release proved itself: from here on the old slot is the spare. */
export async function makePermanent(boot: BootControl, state: AgentState): Promise<Step> {
  const { to } = slotsOf(state);
  if ((await boot.current()) !== to) return failedStep('activation', `slot ${to} no longer runs`);
  await boot.makePermanent(to);
  if ((await boot.primary()) !== to)
    return failedStep('activation', `slot ${to} did not become primary`);
  return { outcome: 'done', remember: commit };
}

/** The commit itself: it is on disk at once with the receipt, or not at all. */
function commit(state: AgentState): AgentState {
  const { update } = state;
  if (update === null) throw new Error('bug: nothing to commit');
  const { release, milliseconds, securityEpoch, releaseCounter } = update;
  return {
    ...state,
    securityEpoch: Math.max(state.securityEpoch, securityEpoch),
    releaseCounter: Math.max(state.releaseCounter, releaseCounter),
    failedReleases: state.failedReleases.filter((known) => known !== release.manifestSha256),
    ending: {
      kind: 'receipt',
      release,
      verifyMilliseconds: milliseconds.verify,
      downloadMilliseconds: milliseconds.download,
      trialMilliseconds: milliseconds.trial,
    },
  };
}

function wasSwitched({ ending }: AgentState): boolean {
  return ending?.kind === 'rolled_back';
}
