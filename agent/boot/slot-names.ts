import type { Slot } from '../state/agent-state.ts';
import { BootTrouble } from './boot-trouble.ts';

/** What a boot loader calls our two slots. */
export type SlotNames = Readonly<Record<Slot, string>>;

/** Both slots, for whoever must do something with each. */
export const SLOTS: readonly Slot[] = ['a', 'b'];

/** The slot that the boot loader calls so, if it is one of ours. */
export function slotNamed(names: SlotNames, name: string): Slot | undefined {
  return SLOTS.find((slot) => names[slot] === name);
}

/** The slot that must be meant: anything else is said in words, and nothing is guessed. */
export function requireSlot(names: SlotNames, name: string, where: string): Slot {
  const slot = slotNamed(names, name);
  if (slot !== undefined) return slot;
  const said = JSON.stringify(name.slice(0, 100));
  throw new BootTrouble(
    'boot_slot_unknown',
    `${where} says ${said}, which is neither "${names.a}" nor "${names.b}"`,
  );
}

/** The other one of two. */
export function otherSlot(slot: Slot): Slot {
  return slot === 'a' ? 'b' : 'a';
}
