import type { ReportEvent } from '../../shared/protocol/report.ts';
import { mayWake, next, wakeUp, type Stage } from '../machine.ts';
import type { AgentState } from './agent-state.ts';
import { failed } from './endings.ts';

/**
 * The state on entering `stage`, with the report that goes with it. What `before` had unwritten is
 * in the outbox by now: a state is saved, with its reports, before its work begins.
 */
export function enter(before: AgentState, stage: Stage, at: Date): AgentState {
  const state = { ...before, stage, unwritten: [] };
  if (stage === 'idle') {
    const ended = { ...state, update: null, ending: null };
    return before.ending === null ? ended : announce(ended, before.ending, at);
  }
  if (stage === 'verifying' || state.update === null) return state; // no release to name yet
  return announce(state, { kind: 'stage', release: state.update.release, stage }, at);
}

/** The state to go on with after the power went: by the resume column, but not for ever. */
export function wake(interrupted: AgentState, at: Date): AgentState {
  const { stage, update } = interrupted;
  if (update === null) return enter(interrupted, wakeUp(stage), at);
  const wakeUps = (update.wakeUps[stage] ?? 0) + 1;
  const counted = {
    ...interrupted,
    update: { ...update, wakeUps: { ...update.wakeUps, [stage]: wakeUps } },
  };
  if (wakeUps <= mayWake(stage)) return enter(counted, wakeUp(stage), at);
  const detail = `the device was interrupted ${wakeUps} times while ${stage}`;
  return enter(failed(counted, 'interrupted', detail), next(stage, 'failed'), at);
}

/** A device that is cut off for months says less, but never loses how an update ended. */
const OUTBOX_LIMIT = 1_000;
const EXPENDABLE: ReadonlySet<ReportEvent['kind']> = new Set([
  'started',
  'stage',
  'refused',
  'noticed',
  'waiting',
  'drift',
]);

/** Gives an event its number. It is a report from the moment this state is on disk. */
export function announce(state: AgentState, event: ReportEvent, at: Date): AgentState {
  const waiting = state.lastReport - state.acknowledged;
  if (waiting >= OUTBOX_LIMIT && EXPENDABLE.has(event.kind)) return state;
  const number = state.lastReport + 1;
  const unwritten = [...state.unwritten, { number, at: at.toISOString(), event }];
  return { ...state, lastReport: number, unwritten };
}
