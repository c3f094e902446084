import { isOfPlatform } from '../platform-error.ts';
import type { AgentState } from '../state/agent-state.ts';
import type { BootControl } from './boot-control.ts';

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
  { update, slots }: AgentState,
): Promise<string | undefined> {
  try {
    const current = await boot.current();
    const isFactory = slots.a === null && slots.b === null;
    if (current === undefined || current === update?.slots?.to) return undefined;
    const isKnown = slots[current] !== null || current === update?.slots?.from;
    if (!isKnown && !isFactory) return undefined;
    await boot.confirm?.(current);
    return undefined;
  } catch (cause) {
    if (!isOfPlatform(cause)) throw cause;
    return cause.message;
  }
}
