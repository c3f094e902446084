import { staysInSlot } from '../modules/in-place.ts';
import { isOfPlatform } from '../platform-error.ts';
import type { AgentState } from '../state/agent-state.ts';
import type { BootControl } from './boot-control.ts';

/**
 * A boot loader that counts every start hears that this one came up: otherwise the committed slot
 * would run out of tries by being started. Nothing is said while an update of the slot is under way
 * (its trial has the word), and nothing of a slot that holds no release we know.
 *
 * Answers what is wrong, for people: a device whose boot control is broken must go on all the same.
 */
export async function confirmBoot(
  boot: BootControl,
  state: AgentState,
): Promise<string | undefined> {
  const { stage, slots } = state;
  if (stage !== 'idle' && !staysInSlot(state)) return undefined;
  try {
    const current = await boot.current();
    const isFactory = slots.a === null && slots.b === null;
    if (current === undefined || (slots[current] === null && !isFactory)) return undefined;
    await boot.confirm?.(current);
    return undefined;
  } catch (cause) {
    if (!isOfPlatform(cause)) throw cause;
    return cause.message;
  }
}
