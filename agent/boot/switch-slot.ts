import { isOfPlatform } from '../platform-error.ts';
import type { Step } from '../run-update.ts';
import { slotsOf, type AgentState, type Slot } from '../state/agent-state.ts';
import { failed } from '../state/endings.ts';
import type { BootControl } from './boot-control.ts';

/** Makes the new slot the running one: the last step of the order, and only for a good slot. */
export async function switchSlot(boot: BootControl, state: AgentState): Promise<Step> {
  const { to } = slotsOf(state);
  const fail = (detail: string): Step => ({
    outcome: 'failed',
    remember: (before) => failed(before, 'activation', detail),
  });
  try {
    if ((await boot.state(to)) !== 'good') return fail(`slot ${to} is not marked good`);
    await boot.setPrimary(to);
    const restarted = await boot.restart();
    return restarted.kind === 'restarted' ? { outcome: 'done' } : fail(restarted.detail);
  } catch (cause) {
    if (!isOfPlatform(cause)) throw cause;
    return fail(cause.message);
  }
}

/** Undoes whatever an update did, needing nobody: the old slot is primary again and runs. */
export async function returnToPreviousSlot(
  boot: BootControl,
  state: AgentState,
  log: (detail: string) => void,
): Promise<Step> {
  const slots = state.update?.slots ?? null;
  if (slots !== null) {
    await boot.setState(slots.to, 'bad');
    if ((await boot.primary()) === slots.to) await boot.setPrimary(slots.from ?? undefined);
    if (wasSwitched(state)) {
      const restarted = await boot.restart();
      // The link is right, so a service manager or the next boot starts the old release all the same.
      if (restarted.kind === 'not_restarted') log(restarted.detail);
    }
    return { outcome: 'done', remember: (before) => emptySlot(before, slots.to) };
  }
  return { outcome: 'done' };
}

/** The new release proved itself: from here on the old slot is the spare. */
export async function makePermanent(boot: BootControl, state: AgentState): Promise<Step> {
  const { to } = slotsOf(state);
  if ((await boot.current()) !== to || (await boot.primary()) !== to) {
    const detail = `slot ${to} no longer runs`;
    return { outcome: 'failed', remember: (before) => failed(before, 'activation', detail) };
  }
  await boot.setState(to, 'good');
  return { outcome: 'done', remember: commit };
}

/** The commit itself: it is on disk at once with the receipt, or not at all. */
function commit(state: AgentState): AgentState {
  const { update } = state;
  if (update === null) throw new Error('bug: nothing to commit');
  const { release, milliseconds, securityEpoch } = update;
  return {
    ...state,
    securityEpoch: Math.max(state.securityEpoch, securityEpoch),
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

function emptySlot(state: AgentState, slot: Slot): AgentState {
  return { ...state, slots: { ...state.slots, [slot]: null } };
}
