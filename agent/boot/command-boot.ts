import type { Slot } from '../state/agent-state.ts';
import type { BootLoader, SlotState } from './boot-control.ts';
import type { BootTool } from './boot-tool.ts';
import { BootTrouble, requireWritten } from './boot-trouble.ts';
import { requireSlot, type SlotNames } from './slot-names.ts';

/** What a boot loader's own script needs. */
export interface CommandBootOptions {
  /** The script and its first arguments; the call comes after them. */
  readonly command: readonly string[];
  readonly names: SlotNames;
  readonly run: BootTool;
  /** Where the running slot is read from, if not by asking the script. */
  readonly current: (() => Promise<Slot>) | undefined;
}

/**
 * A script in the shape of RAUC's custom boot loader backend: `get-primary`, `set-primary NAME`,
 * `get-state NAME`, `set-state NAME good|bad`, `get-current`. Scripts written for RAUC work as they
 * are.
 */
export function commandBoot({ command, names, run, current }: CommandBootOptions): BootLoader {
  const call = async (...words: readonly string[]): Promise<string> =>
    (await run([...command, ...words])).trim();
  const slotFrom = async (question: string): Promise<Slot> =>
    requireSlot(names, await call(question), `the answer to ${question}`);
  const primary = (): Promise<Slot> => slotFrom('get-primary');
  const state = async (slot: Slot): Promise<SlotState> => {
    const answer = await call('get-state', names[slot]);
    if (answer === 'good' || answer === 'bad') return answer;
    const said = JSON.stringify(answer.slice(0, 100));
    throw new BootTrouble(
      'boot_answer_senseless',
      `get-state must answer good or bad, and says ${said}`,
    );
  };
  const setState = async (slot: Slot, wanted: SlotState): Promise<void> => {
    await call('set-state', names[slot], wanted);
    requireWritten(`the state of slot ${slot}`, wanted, await state(slot));
  };
  const setPrimary = async (slot: Slot): Promise<void> => {
    await call('set-primary', names[slot]);
    requireWritten('the primary slot', slot, await primary());
  };
  return {
    current: current ?? (() => slotFrom('get-current')),
    primary,
    setPrimary,
    state,
    setState,
    makePermanent: async (slot) => {
      await setState(slot, 'good'); // RAUC's "mark good": it gives the tries back
      if ((await primary()) !== slot) await setPrimary(slot);
    },
    confirm: (slot) => setState(slot, 'good'),
  };
}
