import * as z from 'zod/mini';
import { readIfThere, writeDurably } from '../install/durable-file.ts';
import type { Slot } from '../state/agent-state.ts';
import type { SlotState } from './boot-control.ts';
import { jsonIn } from '../read-json.ts';

/** Good and bad, for boot loaders that have no place of their own for it. */
export interface SlotStates {
  readonly state: (slot: Slot) => Promise<SlotState>;
  readonly setState: (slot: Slot, state: SlotState) => Promise<void>;
}

const States = z.strictObject({ a: z.enum(['good', 'bad']), b: z.enum(['good', 'bad']) });

/** Keeps both states in one small file that is old or new after a power cut. */
export function slotStates(path: string): SlotStates {
  const read = async (): Promise<Readonly<Record<Slot, SlotState>>> => {
    const bytes = await readIfThere(path);
    const states = States.safeParse(jsonIn(bytes));
    // A slot that nobody called good is not: a torn file must not make a half-written slot bootable.
    return states.success ? states.data : { a: 'bad', b: 'bad' };
  };
  return {
    state: async (slot) => (await read())[slot],
    setState: async (slot, state) => {
      const states = { ...(await read()), [slot]: state };
      await writeDurably(path, Buffer.from(`${JSON.stringify(states)}\n`));
    },
  };
}
