import type { Trouble } from './link/trouble.ts';
import { next } from './machine.ts';
import type { AgentState } from './state/agent-state.ts';
import { enter, wake } from './state/transitions.ts';

/** What a stage came to, and what the disk must remember together with the next stage. */
export interface Step {
  readonly outcome: Parameters<typeof next>[1];
  readonly remember?: (state: AgentState) => AgentState;
  /** Why it is left for later, when it was not the device's own choice. */
  readonly trouble?: Trouble;
}

/** The same, with one more change to what is remembered. */
export function after(step: Step, change: (state: AgentState) => AgentState): Step {
  const remember = (state: AgentState): AgentState => change(step.remember?.(state) ?? state);
  return { ...step, remember };
}

/** Everything the update needs from the outside world. Tests hand in a world that breaks on cue. */
export interface World {
  readonly now: () => Date;
  readonly load: () => Promise<AgentState>;
  /** Durable when it returns: the stage, and every report that goes with it. */
  readonly save: (state: AgentState) => Promise<void>;
  readonly perform: (state: AgentState) => Promise<Step>;
}

/** Takes up an offer: from idle through the machine until it is idle again. */
export async function runUpdate(world: World): Promise<AgentState> {
  return drive(world, enter(await world.load(), 'verifying', world.now()));
}

/** Goes on where the power went, if it went during an update. */
export async function resumeUpdate(world: World): Promise<AgentState> {
  const interrupted = await world.load();
  if (interrupted.stage === 'idle') return interrupted;
  return drive(world, wake(interrupted, world.now()));
}

/** Saving comes first, so a power cut never loses a step. */
async function drive(world: World, begin: AgentState): Promise<AgentState> {
  let state = begin;
  while (state.stage !== 'idle') {
    await world.save(state);
    const { outcome, remember } = await world.perform(state);
    state = enter(remember?.(state) ?? state, next(state.stage, outcome), world.now());
  }
  await world.save(state);
  return state;
}
