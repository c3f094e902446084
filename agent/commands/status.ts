import type { ClockStanding } from '../../shared/protocol/standing.ts';
import type { Lasting, Reach } from '../link/reach.ts';
import { judgeClock } from '../verify/device-clock.ts';
import type { Invocation } from './command.ts';
import { look, type Look } from './look.ts';

/** `status`: what runs, how far an update is, what was last refused. */
export async function status({ config, ambient, json }: Invocation): Promise<number> {
  const seen = await look(config);
  const clock = judgeClock(ambient.now(), {
    builtAt: ambient.builtAt,
    floor: seen.floors.time,
    isConfiguredUntrusted: config.clock === 'untrusted',
  });
  const answer = { ...statusOf(config.deviceId, seen), clock, ...wayOf(seen.reach, config) };
  ambient.write(json ? `${JSON.stringify(answer, null, 2)}\n` : inWords(answer));
  return 0;
}

type Status = ReturnType<typeof statusOf> &
  ReturnType<typeof wayOf> & { readonly clock: ClockStanding };

/** The way to the server: what has lasted long enough to be an event (link/reach.ts). */
function wayOf({ cutOff, slow }: Reach, { server }: Invocation['config']) {
  const isNoticed = cutOff !== null && cutOff.times >= server.noticeAfterPolls;
  return { cutOff: isNoticed ? cutOff : null, slowRetrieval: slow };
}

function statusOf(device: string, { state, floors, slot, installed, outboxLength }: Look) {
  const { lastRefusal, update, waiting } = state;
  return {
    device,
    running: installed && {
      ...installed.release,
      installedSha256: installed.installedSha256,
      securityEpoch: installed.securityEpoch,
      slot: slot ?? null,
      recalled: state.recalledReleases.includes(installed.release.manifestSha256),
    },
    stage: state.stage,
    updatingTo: update?.release ?? null,
    waiting: waiting && {
      ...waiting.release,
      since: waiting.since,
      reasons: waiting.reasons,
    },
    enrolment: state.enrolment,
    lastRefusal: lastRefusal && {
      code: lastRefusal.code,
      detail: lastRefusal.detail,
      at: lastRefusal.at,
      release: lastRefusal.release,
      path: lastRefusal.path,
    },
    failedReleases: state.failedReleases,
    recalledReleases: state.recalledReleases,
    securityEpoch: Math.max(state.securityEpoch, floors.securityEpoch),
    releaseCounter: Math.max(state.releaseCounter, floors.releaseCounter),
    timeFloor: floors.time.toISOString(),
    outbox: outboxLength,
    lastReport: state.lastReport,
  };
}

const RECALLED = 'by its author; it runs until the device is assigned another release';

function lastingInWords({ since, times, code, detail }: Lasting): string {
  return `since ${since}, ${times} times, last ${code}: ${detail}`;
}

function installedInWords({ installedSha256 }: NonNullable<Status['running']>): string {
  return installedSha256 ?? 'not all of it can be measured';
}

function waitingInWords({ waiting }: Status): readonly (readonly [string, string])[] {
  const reasons = waiting?.reasons ?? [];
  return reasons.map(({ condition, detail }) => [`  waits for ${condition}`, detail] as const);
}

function inWords(status: Status): string {
  const { running, updatingTo, lastRefusal, clock, cutOff, slowRetrieval } = status;
  const lines: (readonly [string, string])[] = [
    ['device', `${status.device} (enrolment: ${status.enrolment})`],
    ['running', running === null ? 'no release of ours' : `${running.product} ${running.version}`],
    ...(running === null
      ? []
      : ([
          ['  manifest', running.manifestSha256],
          ['  installed', installedInWords(running)],
          ['  slot', `${String(running.slot)}, security epoch ${running.securityEpoch}`],
        ] as const)),
    ...(running?.recalled === true ? ([['  RECALLED', RECALLED]] as const) : []),
    ['stage', updatingTo === null ? status.stage : `${status.stage} ${updatingTo.version}`],
    ...waitingInWords(status),
    ['clock', clock === 'trusted' ? clock : `not trusted: ${clock}; asks with a nonce`],
    ['cut off', cutOff === null ? 'no' : lastingInWords(cutOff)],
    ['slow files', slowRetrieval === null ? 'no' : lastingInWords(slowRetrieval)],
    ['last refusal', lastRefusal ? `${lastRefusal.code}: ${lastRefusal.detail}` : 'none'],
    ['epoch floor', String(status.securityEpoch)],
    ['counter floor', String(status.releaseCounter)],
    ['reports', `${status.lastReport} made, ${status.outbox} waiting for the server`],
  ];
  return lines.map(([name, value]) => `${name.padEnd(14)} ${value}\n`).join('');
}
