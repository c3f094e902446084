import type { Session } from '../session.ts';
import { announce } from '../state/transitions.ts';
import type { Waiting } from '../state/agent-state.ts';
import { waits } from './waiting-state.ts';

/** Why a sleep ended: its time was over or somebody knocked, or what waited may begin. */
export type Awake = 'slept' | 'ready';

/**
 * Sleeps until the next poll. While a release waits for its conditions the device looks at them again
 * and again by itself: the server is neither asked nor told, but of other reasons.
 */
export async function sleepUntilReady(session: Session, waitMs: number): Promise<Awake> {
  const { letters, world, agent } = session;
  const { signal, milliseconds } = agent.ambient;
  const pollMs = agent.config.conditions.pollSeconds * 1_000;
  const end = milliseconds() + waitMs;
  for (;;) {
    const { waiting } = await world.load();
    const left = Math.max(0, end - milliseconds());
    const slice = waiting === null ? left : Math.min(left, pollMs);
    const woken = milliseconds() + slice;
    await letters.wait(slice, signal);
    const isEarly = milliseconds() < woken - TIMER_MS;
    if (waiting === null || isEarly || signal.aborted) return 'slept';
    if (await isReady(session, waiting)) return 'ready';
    if (milliseconds() >= end) return 'slept';
  }
}

/** Timers of Node may ring that much before their time. */
const TIMER_MS = 2;

async function isReady({ world, agent }: Session, waiting: Waiting): Promise<boolean> {
  const reasons = await agent.stages.conditions.judge(waiting);
  if (reasons.length === 0) return true;
  const at = world.now();
  const { release } = waiting;
  const { state, isNews } = waits(await world.load(), waiting, reasons, at);
  if (isNews)
    await world.save(announce(state, { kind: 'waiting', release, reasons: [...reasons] }, at));
  return false;
}
