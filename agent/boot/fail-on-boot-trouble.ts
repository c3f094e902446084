import { MACHINE } from '../machine.ts';
import type { Step } from '../run-update.ts';
import type { AgentState } from '../state/agent-state.ts';
import { failedStep } from '../failed-step.ts';
import { BootTrouble } from './boot-trouble.ts';

type Perform = (state: AgentState) => Promise<Step>;

/**
 * An update on a board whose boot control is broken fails, with the trouble by its name in the
 * report, and no release is blamed. Going back has no such way out: it is tried again until it works.
 */
export function failOnBootTrouble(perform: Perform): Perform {
  return async (state) => {
    try {
      return await perform(state);
    } catch (cause) {
      if (!(cause instanceof BootTrouble) || !('failed' in MACHINE[state.stage].on)) throw cause;
      const detail = cause.message;
      return failedStep('internal', detail);
    }
  };
}
