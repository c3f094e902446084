import { isOfPlatform } from '../platform-error.ts';
import type { AgentState, Slot } from '../state/agent-state.ts';
import type { BootControl } from './boot-control.ts';
import { otherSlot } from './slot-names.ts';

/**
 * A boot loader that counts every start hears that this one came up: otherwise the committed slot
 * would run out of tries by being started, and during an update whose power goes again and again there
 * would be nothing to fall back to. Nothing is said of the slot that an update brings (its trial has
 * the word), and nothing of a slot that holds no release we know.
 *
 * Answers what is wrong, for people: a device whose boot control is broken must go on all the same.
 */
export async function confirmBoot(
  boot: BootControl,
  state: AgentState,
): Promise<string | undefined> {
  try {
    const current = await boot.current();
    if (current !== undefined && isCommitted(current, state)) await boot.confirm?.(current);
    return undefined;
  } catch (cause) {
    if (!isOfPlatform(cause)) throw cause;
    return cause.message;
  }
}

/** The factory's release is in no slot that we know, and is what the first update goes back to. */
function isCommitted(slot: Slot, { update, slots }: AgentState): boolean {
  const { to, from } = update?.slots ?? {};
  if (slot === from) return true; // also where an update of modules alone stays in it
  return slot !== to && (slots[slot] !== null || slots[otherSlot(slot)] === null);
}
