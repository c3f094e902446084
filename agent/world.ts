import type { ReportEvent, Running } from '../shared/protocol/report.ts';
import type { BootControl } from './boot/boot-control.ts';
import { currentOrNone } from './boot/current-or-none.ts';
import type { KeptTwice } from './install/kept-twice.ts';
import type { MeasuredSlot } from './install/measure-installed.ts';
import type { Log } from './log.ts';
import type { Outbox } from './report/outbox.ts';
import { remadeEvent } from './report/remake-report.ts';
import { signReport, type Reporter, type Standing } from './report/sign-report.ts';
import type { World } from './run-update.ts';
import {
  firstState,
  standingIn,
  type AgentState,
  type Installed,
  type Slot,
  type Unwritten,
} from './state/agent-state.ts';

/** What the disk of an agent is made of. */
export interface WorldDeps {
  readonly now: () => Date;
  readonly state: KeptTwice<AgentState>;
  readonly outbox: Outbox;
  readonly boot: Pick<BootControl, 'current'>;
  readonly reporter: Reporter;
  /** What was measured of a slot at start, if it differs from what was signed. */
  readonly drifted: () => ReadonlyMap<Slot, MeasuredSlot>;
  /** What the device has verified of time and metadata, as every report says it. */
  readonly standing: () => Promise<Standing>;
  /** Reports have been put into the outbox. */
  readonly onReports: () => void;
  readonly log: Log;
}

/** The real world's memory: the state file and the outbox. What to do comes from perform.ts. */
export function diskOf(deps: WorldDeps): Pick<World, 'now' | 'load' | 'save'> {
  return {
    now: deps.now,
    load: async () => {
      const stored = (await deps.state.load()) ?? firstState();
      await putReports(deps, stored); // the power may have gone between the state and its reports
      const waiting = await deps.outbox.waiting();
      const acknowledged = deps.outbox.acknowledged();
      const lastReport = Math.max(stored.lastReport, acknowledged, waiting.at(-1) ?? 0);
      return { ...stored, lastReport, acknowledged, unwritten: [] };
    },
    save: async (state) => {
      await deps.state.save(state);
      await putReports(deps, state);
      logReports(deps.log, state);
      if (state.unwritten.length > 0) deps.onReports();
    },
  };
}

/** As many as a report may list; a release has no more. */
const MAX_COMPONENTS = 64;

/** What runs now, by whichever slot is current, as every report says it. */
export async function runningOf(
  { boot, drifted }: Pick<WorldDeps, 'boot' | 'drifted'>,
  state: AgentState,
): Promise<Running | null> {
  const slot = await currentOrNone(boot);
  const installed = slot && state.slots[slot];
  if (slot === undefined || !installed) return null;
  const { release, securityEpoch } = installed;
  const signed: MeasuredSlot = { ...installed, components: standingIn(installed) };
  const { installedSha256, components } = drifted().get(slot) ?? signed;
  const each = components.slice(0, MAX_COMPONENTS).map(({ component, installedSha256: digest }) => {
    return { component, installedSha256: digest };
  });
  return {
    release,
    securityEpoch,
    slot,
    installedSha256,
    ...(each.length > 1 && { components: each }),
  };
}

/** What stands in the running slot. */
export async function installedNow(
  boot: Pick<BootControl, 'current'>,
  state: AgentState,
): Promise<Installed | null> {
  const slot = await currentOrNone(boot);
  return slot === undefined ? null : state.slots[slot];
}

async function putReports(deps: WorldDeps, state: AgentState): Promise<void> {
  for (const unwritten of state.unwritten) {
    await deps.outbox.put(unwritten.number, () => sign(deps, state, unwritten));
  }
}

async function sign(deps: WorldDeps, state: AgentState, unwritten: Unwritten): Promise<Uint8Array> {
  return signReport(deps.reporter, unwritten, {
    running: await runningOf(deps, state),
    ...(await deps.standing()),
  });
}

/** A report in the place of one that the disk has lost (report/remake-report.ts). */
export async function remakeReport(deps: WorldDeps, number: number): Promise<Uint8Array> {
  const state = (await deps.state.load()) ?? firstState();
  const event = remadeEvent(state, await installedNow(deps.boot, state));
  deps.log('report_made_again', { report: number });
  return sign(deps, state, { number, at: deps.now().toISOString(), event });
}

function logReports(log: Log, { unwritten }: AgentState): void {
  for (const { number, event } of unwritten) log(...lineOf(number, event));
}

/** Events with nothing to say but of which release they are. */
const PLAIN = {
  started: 'agent_started',
  receipt: 'update_committed',
  recalled: 'running_release_recalled',
} as const;

type PlainEvent = Extract<ReportEvent, { kind: keyof typeof PLAIN }>;

function isPlain(event: ReportEvent): event is PlainEvent {
  return Object.hasOwn(PLAIN, event.kind);
}

function aboutOf(report: number, event: ReportEvent) {
  const release = 'release' in event ? event.release : null;
  return { report, version: release?.version, manifest: release?.manifestSha256 };
}

function lineOf(report: number, event: ReportEvent): Parameters<Log> {
  const about = aboutOf(report, event);
  if (isPlain(event)) return [PLAIN[event.kind], about];
  switch (event.kind) {
    case 'stage':
      return ['stage_entered', { ...about, stage: event.stage }];
    case 'drift':
      return [
        'drift_reported',
        { ...about, slot: event.slot, components: event.components.join() },
      ];
    case 'waiting':
      return waitingLine(event, about);
    case 'noticed': {
      const { attack, since, times, code } = event;
      return ['attack_noticed', { report, attack, since, times, code }];
    }
    case 'refused':
      return ['update_refused', { ...about, code: event.code, detail: event.detail }];
    case 'failed':
    case 'rolled_back': {
      const { stage, reason, detail } = event;
      return [`update_${event.kind}`, { ...about, stage, reason, detail }];
    }
  }
}

type WaitingEvent = Extract<ReportEvent, { kind: 'waiting' }>;

function waitingLine({ reasons }: WaitingEvent, about: Parameters<Log>[1]): Parameters<Log> {
  const names = reasons.map(({ condition }) => condition).join(', ');
  return [reasons.length > 0 ? 'update_waiting' : 'waiting_ended', { ...about, reasons: names }];
}
