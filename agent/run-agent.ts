import { collectAll } from './collect-garbage.ts';
import { sleepUntilReady } from './conditions/sleep-until-ready.ts';
import { confirmBoot } from './boot/confirm-boot.ts';
import { lookAtSlot, tellDrift } from './drift/look-for-drift.ts';
import { watchDrift } from './drift/watch-drift.ts';
import { enrolUntilAccepted } from './enrol-loop.ts';
import { backoffMs, jitteredMs } from './link/backoff.ts';
import { BACKOFF } from './link/patience.ts';
import type { OpenAgent } from './open-agent.ts';
import { pause } from './pause.ts';
import { isOfPlatform } from './platform-error.ts';
import { askForOffer, noteTurn, pollTrouble, type Asked } from './poll.ts';
import { startSession, type Result, type Session } from './session.ts';
import { firstState } from './state/agent-state.ts';
import { announce } from './state/transitions.ts';
import { Stopped } from './stopped.ts';
import type { Offer } from './verify/offer.ts';

/** How a run ended: of `--once`, what came of it. */
export type RunEnd = Result | 'stopped' | 'unreachable' | 'not_enrolled';

/** The whole life of an agent: finish what was interrupted, enrol, and follow the server. */
export async function runAgent(agent: OpenAgent, once: boolean): Promise<RunEnd> {
  const session = startSession(agent);
  let broker: Promise<void> | undefined;
  try {
    await announceStart(session);
    // Before anything that needs a server: rollback needs nobody.
    const resumed = await resumeInterrupted(session, once ? undefined : Infinity);
    if (!(await enrolUntilAccepted(session, once))) return once ? 'not_enrolled' : 'stopped';
    session.courier.open();
    if (once) return endOfOnce(resumed, await runOnce(session));
    broker = session.mqtt?.run();
    await follow(session);
    return 'stopped';
  } catch (cause) {
    if (cause instanceof Stopped) return 'stopped';
    throw cause;
  } finally {
    agent.close();
    await broker;
  }
}

/** The first thing of every start: says so, and looks at what stands in the slots. */
export async function announceStart(session: Session): Promise<void> {
  const { world, agent } = session;
  const state = (await agent.state.load()) ?? firstState();
  const trouble = await confirmBoot(agent.boot, state);
  if (trouble !== undefined) agent.log('boot_trouble', { detail: trouble });
  try {
    if (state.stage === 'idle') await lookAtStart(session);
    await world.save(announce(await world.load(), { kind: 'started' }, world.now()));
  } catch (cause) {
    // A disk that is full today keeps nobody from running, or from going back.
    if (!isOfPlatform(cause) || agent.ambient.signal.aborted) throw cause;
    agent.log('start_not_reported', { detail: cause.message });
  }
}

async function lookAtStart(session: Session): Promise<void> {
  const look = await lookAtSlot(session, session.agent.findInstaller);
  if (look !== undefined) await tellDrift(session, look);
}

/** Whoever was started for one turn ends after so many tries, and is started again. */
const TRIES_OF_ONE_TURN = 3;

/** What did not end well is the answer of the run, unless another update has ended since. */
function endOfOnce(resumed: Result, end: RunEnd): RunEnd {
  const hasEnded = end === 'committed' || end === 'refused' || end === 'rolled_back';
  return hasEnded || !['refused', 'failed', 'rolled_back'].includes(resumed) ? end : resumed;
}

/** A broken disk is no reason to end: it is tried again, each time counted as a wake-up. */
export async function resumeInterrupted(
  { resume, agent }: Session,
  tries = TRIES_OF_ONE_TURN,
): Promise<Result> {
  const { ambient, log } = agent;
  for (let failures = 1; ; failures += 1) {
    try {
      return await resume();
    } catch (cause) {
      if (!isOfPlatform(cause) || ambient.signal.aborted || failures >= tries) throw cause;
      log('update_interrupted', { detail: cause.message });
      await pause(backoffMs(failures, BACKOFF, ambient.random), ambient.signal);
    }
  }
}

async function runOnce(session: Session): Promise<RunEnd> {
  try {
    const asked = await askForOffer(session, undefined);
    if (asked === undefined) return 'nothing';
    const end = await takeUp(session, asked.offer);
    await noteTurn(session, end);
    await session.courier.deliver();
    return end;
  } catch (cause) {
    await noteUnanswered(session, cause);
    return 'unreachable';
  }
}

/** Asks at each interval, listens in between, until the agent is told to end. */
async function follow(session: Session): Promise<void> {
  const { ambient, config } = session.agent;
  const pollMs = config.server.pollSeconds * 1_000;
  const drift = watchDrift(session);
  let known: Known = UNKNOWN;
  while (!ambient.signal.aborted) {
    drift.lookIfDue();
    const before = known;
    known = await turn(session, (await drift.settle()) ? UNKNOWN : known);
    const waitMs =
      known.failures === 0
        ? jitteredMs(pollMs, ambient.random)
        : Math.min(pollMs, backoffMs(known.failures, BACKOFF, ambient.random));
    const hasWorked = known.tag !== before.tag;
    const rest = hasWorked ? setTimeout(collectAll, Math.min(REST_MS, waitMs)) : undefined;
    const awake = await sleepUntilReady(session, waitMs);
    clearTimeout(rest);
    if (awake === 'ready') known = UNKNOWN;
  }
  await drift.end();
}

/** When what a turn left to do, reports and the broker, is done as well. */
const REST_MS = 2_000;

interface Known {
  /** Of the bundle that has been dealt with, so that the server need not send it again. */
  readonly tag: { readonly etag: string; readonly since: number } | undefined;
  /** Turns in a row that could not be finished. */
  readonly failures: number;
}

/** The server must say it again: the device sees it in another light now. */
const UNKNOWN: Known = { tag: undefined, failures: 0 };

/** What the server said is settled: asking again would change nothing before it says something new. */
const SETTLED: ReadonlySet<Result> = new Set(['committed', 'nothing', 'failed', 'rolled_back']);

/**
 * The server signs anew twice a day, so no tag is good for longer. Whoever answers "as before" for
 * ever must show the files again, and their expiry tells (TUF 1.5.2, indefinite freeze).
 */
const TAG_LIFE_MS = 86_400_000;

async function turn(session: Session, { tag, failures }: Known): Promise<Known> {
  const { milliseconds } = session.agent.ambient;
  const isGood = tag !== undefined && milliseconds() - tag.since < TAG_LIFE_MS;
  const known = isGood ? tag : undefined;
  try {
    const asked = await askForOffer(session, known?.etag);
    if (asked === undefined) {
      await session.reach.clear(false);
      return { tag: known, failures: 0 };
    }
    const result = await takeUp(session, asked.offer, Infinity);
    await noteTurn(session, result);
    const isSettled = SETTLED.has(result) || (await waitsForItself(session, result));
    if (result === 'later' && !isSettled) return { tag: undefined, failures: failures + 1 };
    return { tag: isSettled ? tagOf(asked, milliseconds(), known) : undefined, failures: 0 };
  } catch (cause) {
    await noteUnanswered(session, cause);
    return { tag: known, failures: failures + 1 };
  }
}

/** It is the release that waits for this device, nobody is waited for: the server need not repeat it. */
async function waitsForItself({ world, last }: Session, result: Result): Promise<boolean> {
  if (result !== 'later' || last().trouble !== undefined) return false;
  return (await world.load()).waiting !== null;
}

function tagOf({ etag }: Asked, since: number, known: Known['tag']): Known['tag'] {
  return etag === undefined ? known : { etag, since };
}

async function noteUnanswered({ agent, reach }: Session, cause: unknown): Promise<void> {
  const trouble = pollTrouble(cause);
  if (agent.ambient.signal.aborted) return; // it was us who ended it
  agent.log('server_unreachable', { ...trouble });
  await reach.troubled(trouble);
}

/** Takes up an offer to its end, unless it has failed here before. */
export async function takeUp(session: Session, offer: Offer, tries?: number): Promise<Result> {
  const { world, agent } = session;
  if ((await world.load()).failedOffer === offer.sha256) {
    agent.log('assignment_failed_before', { offer: offer.sha256 }); // and it was reported
    return 'failed';
  }
  agent.log('assignment_received', { offer: offer.sha256 });
  try {
    const result = await session.takeUp(offer);
    if (result === 'nothing') agent.log('assignment_settled', { offer: offer.sha256 });
    return result;
  } catch (cause) {
    if (!isOfPlatform(cause) || agent.ambient.signal.aborted) throw cause;
    agent.log('update_interrupted', { detail: cause.message });
    return resumeInterrupted(session, tries);
  }
}
