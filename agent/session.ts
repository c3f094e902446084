import type { ReportEvent } from '../shared/protocol/report.ts';
import type { MeasuredSlot } from './install/measure-installed.ts';
import { currentOrNone } from './boot/current-or-none.ts';
import { letterBox, type LetterBox } from './link/letter-box.ts';
import { mqttLink, type MqttLink } from './link/mqtt-link.ts';
import type { Trouble } from './link/trouble.ts';
import { Unreachable } from './link/unreachable.ts';
import { staysInSlot } from './modules/in-place.ts';
import { cleanUpModules } from './modules/with-modules.ts';
import type { Outcome } from './machine.ts';
import { BACKOFF } from './link/patience.ts';
import type { OpenAgent } from './open-agent.ts';
import { pause } from './pause.ts';
import { performer } from './perform.ts';
import { courier, type Courier } from './report/courier.ts';
import type { ReportMessage } from './report/outbox.ts';
import { standingOf } from './report/standing.ts';
import { resumeUpdate, runUpdate, type World } from './run-update.ts';
import type { AgentState, Slot } from './state/agent-state.ts';
import type { Offer } from './verify/offer.ts';
import { tidy } from './tidy.ts';
import { watchReach, type ReachWatch } from './watch-reach.ts';
import { diskOf, remakeReport, type WorldDeps } from './world.ts';

/** How taking up an offer ended. */
export type Result = 'committed' | 'nothing' | 'later' | 'refused' | 'failed' | 'rolled_back';

/** An agent at work: its memory, its ways to the server, and the two things it can do. */
export interface Session {
  readonly agent: OpenAgent;
  readonly world: World;
  readonly courier: Courier;
  readonly mqtt: MqttLink | undefined;
  readonly letters: LetterBox;
  /** What was measured of a running slot, where it differs from what was signed. */
  readonly drifted: Map<Slot, MeasuredSlot>;
  readonly resume: () => Promise<Result>;
  readonly takeUp: (offer: Offer) => Promise<Result>;
  readonly reach: ReachWatch;
  /** What kept the last thing that was taken up or resumed from going on, and whether it downloaded. */
  readonly last: () => Last;
}

/** What {@link Session.last} answers. */
export interface Last {
  readonly outcome: Outcome;
  readonly trouble: Trouble | undefined;
  readonly hasDownloaded: boolean;
}

const NOTHING_YET: Last = { outcome: 'nothing', trouble: undefined, hasDownloaded: false };

/** Connects the parts of an open agent. */
export function startSession(agent: OpenAgent): Session {
  const { stages, floors } = agent;
  const drifted = new Map<Slot, MeasuredSlot>();
  const letters = letterBox();
  let offer: Offer | undefined;
  const disk = diskDeps(agent, drifted, () => {
    reports.hurry();
  });
  const perform = performer(stages, () => offer);
  const mqtt = openMqtt(agent, letters, () => reports);
  const reports = makeCourier(agent, disk, () => mqtt);
  const steps = noteSteps(perform, drifted);
  const world: World = { ...diskOf(disk), perform: steps.perform };
  const finish = async (work: Promise<AgentState>): Promise<Result> => {
    const state = await work;
    await stages.trial.watchdog.disarm(); // how the update ended is on disk
    const { securityEpoch, releaseCounter } = state;
    await floors.raise({ securityEpoch, releaseCounter });
    await cleanUpModules(stages.modules); // whatever they roll back with is of no use any more
    await forgetLeft(drifted, agent);
    const result = resultOf(state.unwritten.at(-1)?.event, steps.last().outcome);
    if (result !== 'nothing' && result !== 'later') await tidy(agent.paths, state);
    return result;
  };
  return {
    agent,
    world,
    courier: reports,
    mqtt,
    letters,
    drifted,
    last: steps.last,
    reach: reachOf(agent, world),
    resume: async () => {
      steps.forget();
      await stages.modules.endLeftovers();
      return finish(resumeUpdate(world));
    },
    takeUp: (offered) => {
      steps.forget();
      offer = offered;
      return finish(runUpdate(world));
    },
  };
}

function diskDeps(agent: OpenAgent, drifted: Session['drifted'], onReports: () => void): WorldDeps {
  const { ambient, floors, clock } = agent;
  return {
    ...agent,
    now: ambient.now,
    drifted: () => drifted,
    standing: async () => standingOf(await floors.load(), await clock.standing()),
    onReports,
  };
}

/** What was measured of a slot that the device has left says nothing about what comes there next. */
async function forgetLeft(drifted: Session['drifted'], { boot }: OpenAgent): Promise<void> {
  const current = await currentOrNone(boot);
  for (const slot of drifted.keys()) if (slot !== current) drifted.delete(slot);
}

/** Notes of each step what the rest of a turn has to know. */
function noteSteps(
  perform: World['perform'],
  drifted: Session['drifted'],
): {
  readonly perform: World['perform'];
  readonly last: () => Last;
  readonly forget: () => void;
} {
  let last = NOTHING_YET;
  return {
    last: () => last,
    forget: () => {
      last = NOTHING_YET;
    },
    perform: async (state) => {
      const step = await perform(state);
      // What was measured before modules changed it says nothing about what stands there now.
      if (state.stage === 'activating' && staysInSlot(state)) drifted.clear();
      const { outcome, trouble } = step;
      const hasDownloaded = state.stage === 'downloading' && outcome === 'done';
      last = { outcome, trouble, hasDownloaded: last.hasDownloaded || hasDownloaded };
      return step;
    },
  };
}

function reachOf({ paths, clock, config, log }: OpenAgent, world: World): ReachWatch {
  const { noticeAfterPolls } = config.server;
  return watchReach({ path: paths.reach, world, now: clock.now, noticeAfterPolls, log });
}

const ENDINGS = {
  receipt: 'committed',
  refused: 'refused',
  failed: 'failed',
  rolled_back: 'rolled_back',
} as const;

/** By what was reported, or by the last outcome: a refusal that was reported before is silent. */
function resultOf(event: ReportEvent | undefined, lastOutcome: Outcome): Result {
  if (event !== undefined && event.kind in ENDINGS) {
    return ENDINGS[event.kind as keyof typeof ENDINGS];
  }
  return lastOutcome === 'later' || lastOutcome === 'refused' ? lastOutcome : 'nothing';
}

/** Over MQTT when the broker is there, over HTTP when it is not or does not acknowledge. */
function makeCourier(agent: OpenAgent, disk: WorldDeps, mqtt: () => MqttLink | undefined): Courier {
  const { ambient, outbox, server, log } = agent;
  const send = async (message: ReportMessage): Promise<number> => {
    const link = mqtt();
    if (link?.isConnected() === true) {
      try {
        return await link.report(message.bytes, message.last);
      } catch (cause) {
        if (!(cause instanceof Unreachable)) throw cause;
        log('reports_not_acknowledged', { over: 'mqtt', last: message.last });
      }
    }
    return server.report(message.bytes);
  };
  return courier({
    outbox,
    remake: (number) => () => remakeReport(disk, number),
    send,
    backoff: BACKOFF,
    random: ambient.random,
    pause: (ms) => pause(ms, ambient.signal),
    isStopped: () => ambient.signal.aborted,
    log,
  });
}

function openMqtt(
  { config, ambient, tokens, ca, log }: OpenAgent,
  letters: LetterBox,
  reports: () => Courier,
): MqttLink | undefined {
  const { mqtt, allowPlaintext } = config.server;
  if (mqtt === undefined) return undefined;
  return mqttLink({
    url: new URL(mqtt),
    ca,
    allowPlaintext,
    deviceId: config.deviceId,
    token: tokens.fresh,
    onAssignment: letters.put,
    onAcknowledgement: (stored) => {
      void reports()
        .acknowledged(stored)
        .catch(() => {
          reports().hurry();
        }); // the disk failed: they are delivered and removed again
    },
    onConnected: () => {
      reports().hurry();
    },
    backoff: BACKOFF,
    random: ambient.random,
    pause: (ms) => pause(ms, ambient.signal),
    signal: ambient.signal,
    log,
  });
}
