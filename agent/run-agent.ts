import { join } from 'node:path';
import { enrolUntilAccepted } from './enrol-loop.ts';
import { measureIfThere } from './install/measure-tree.ts';
import { Refusal } from '../shared/trust/refusal.ts';
import { backoffMs, jitteredMs } from './link/backoff.ts';
import { Unreachable } from './link/unreachable.ts';
import { BACKOFF, type OpenAgent } from './open-agent.ts';
import { pause } from './pause.ts';
import { isOfPlatform } from './platform-error.ts';
import { startSession, type Result, type Session } from './session.ts';
import { announce } from './state/transitions.ts';
import { Stopped } from './stopped.ts';
import { offerOf } from './verify/offer.ts';

/** How a run ended: of `--once`, what came of it. */
export type RunEnd = Result | 'stopped' | 'unreachable' | 'not_enrolled';

/** The whole life of an agent: finish what was interrupted, enrol, and follow the server. */
export async function runAgent(agent: OpenAgent, once: boolean): Promise<RunEnd> {
  const session = startSession(agent);
  let broker: Promise<void> | undefined;
  try {
    await announceStart(session);
    await resumeInterrupted(session); // before anything that needs a server: rollback needs nobody
    if (!(await enrolUntilAccepted(session, once))) return 'not_enrolled';
    session.courier.open();
    if (once) return await runOnce(session);
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

async function announceStart(session: Session): Promise<void> {
  const { world } = session;
  const state = await world.load();
  if (state.stage === 'idle') await lookForDrift(session);
  await world.save(announce(state, { kind: 'started' }, world.now()));
}

/** DESIGN §3 "Drift": what stands in the running slot, against what was signed. */
async function lookForDrift({ world, agent, drifted }: Session): Promise<void> {
  const { boot, config, log } = agent;
  const slot = await boot.current();
  const installed = slot && (await world.load()).slots[slot];
  if (slot === undefined || !installed) return;
  const measured = await measureSlot(join(config.slotsDir, slot));
  if (measured === installed.installedSha256) return;
  log('slot_drifted', { slot, measured, signed: installed.installedSha256 });
  drifted.set(slot, measured);
}

const NOTHING_MEASURABLE = '0'.repeat(64);

async function measureSlot(folder: string): Promise<string> {
  try {
    return (await measureIfThere(folder)) ?? NOTHING_MEASURABLE;
  } catch (cause) {
    if (cause instanceof Refusal) return NOTHING_MEASURABLE; // it holds what no release can hold
    throw cause;
  }
}

/** A broken disk is no reason to end: it is tried again, each time counted as a wake-up. */
async function resumeInterrupted({ resume, agent }: Session): Promise<Result> {
  const { ambient, log } = agent;
  for (let failures = 1; ; failures += 1) {
    try {
      return await resume();
    } catch (cause) {
      if (!isOfPlatform(cause) || ambient.signal.aborted) throw cause;
      log('update_interrupted', { detail: cause.message });
      await pause(backoffMs(failures, BACKOFF, ambient.random), ambient.signal);
    }
  }
}

async function runOnce(session: Session): Promise<RunEnd> {
  const { log } = session.agent;
  try {
    const assignment = await session.agent.server.assignment(undefined);
    if (assignment === undefined) return 'nothing';
    const end = await takeUp(session, assignment.bytes);
    await session.courier.deliver();
    return end;
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    log('server_unreachable', { detail: cause.message });
    return 'unreachable';
  }
}

/** Asks at each interval, listens in between, until the agent is told to end. */
async function follow(session: Session): Promise<void> {
  const { ambient, config } = session.agent;
  const pollMs = config.server.pollSeconds * 1_000;
  let known: Known = { etag: undefined, failures: 0 };
  while (!ambient.signal.aborted) {
    known = await turn(session, known);
    const waitMs =
      known.failures === 0
        ? jitteredMs(pollMs, ambient.random)
        : Math.min(pollMs, backoffMs(known.failures, BACKOFF, ambient.random));
    await session.letters.wait(waitMs, ambient.signal);
  }
}

interface Known {
  /** Of the bundle that has been dealt with, so that the server need not send it again. */
  readonly etag: string | undefined;
  /** Turns in a row that could not be finished. */
  readonly failures: number;
}

/** What the server said is settled: asking again would change nothing before it says something new. */
const SETTLED: ReadonlySet<Result> = new Set(['committed', 'nothing', 'failed', 'rolled_back']);

async function turn(session: Session, known: Known): Promise<Known> {
  const { server, log } = session.agent;
  const letter = session.letters.take();
  try {
    const offered =
      letter === undefined
        ? await server.assignment(known.etag)
        : { bytes: letter, etag: undefined };
    if (offered === undefined) return { ...known, failures: 0 };
    const result = await takeUp(session, offered.bytes);
    if (result === 'later') return { etag: undefined, failures: known.failures + 1 };
    const etag = SETTLED.has(result) ? (offered.etag ?? known.etag) : undefined;
    return { etag, failures: 0 };
  } catch (cause) {
    if (!(cause instanceof Unreachable)) throw cause;
    log('server_unreachable', { detail: cause.message });
    return { ...known, failures: known.failures + 1 };
  }
}

async function takeUp(session: Session, bytes: Uint8Array): Promise<Result> {
  const { world, agent } = session;
  const offer = offerOf(bytes);
  if ((await world.load()).failedOffer === offer.sha256) return 'failed'; // and it was reported
  agent.log('assignment_received', { offer: offer.sha256 });
  try {
    const result = await session.takeUp(offer);
    if (result === 'nothing') agent.log('assignment_settled', { offer: offer.sha256 });
    return result;
  } catch (cause) {
    if (!isOfPlatform(cause) || agent.ambient.signal.aborted) throw cause;
    agent.log('update_interrupted', { detail: cause.message });
    return resumeInterrupted(session);
  }
}
