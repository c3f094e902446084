import type { ReleaseRef } from '../../shared/protocol/report.ts';
import type { WaitingReason } from '../../shared/protocol/waiting.ts';
import type { ConditionName, Conditions } from '../../shared/release/conditions.ts';
import { isInsideWindow, timeOfDay } from './install-window.ts';
import { whyNotPower, type Power } from './power.ts';
import { whyNotNetwork } from './way-out.ts';

/** What a device can find out about itself. Each is asked only if a release cares. */
export interface DeviceFacts {
  /** The time that this device goes by (device-clock.ts). */
  readonly now: () => Promise<Date>;
  readonly timeZone: string | undefined;
  readonly power: () => Promise<Power>;
  /** The interface by which the server is reached. */
  readonly wayOut: () => Promise<string | undefined>;
  readonly isMetered: (name: string) => Promise<boolean>;
  /** Of the fullest file system that the agent writes to. */
  readonly freeBytes: () => Promise<number>;
  readonly loadPercent: () => number;
  readonly consents: (release: ReleaseRef) => Promise<boolean>;
}

/** A release that may have to wait. */
export interface Candidate {
  readonly release: ReleaseRef;
  readonly conditions: Conditions;
  /** It was carried here, so it costs no traffic. */
  readonly isHandedOver: boolean;
}

type Judge = (facts: DeviceFacts, candidate: Candidate) => Promise<string | undefined>;

/** Each condition, and what of it does not hold. */
const JUDGES: Readonly<Record<ConditionName, Judge>> = {
  window: async ({ now, timeZone }, { conditions: { window } }) => {
    if (window === undefined) return undefined;
    const at = await now();
    if (isInsideWindow(window, at, timeZone)) return undefined;
    const { from, to, zone = 'UTC' } = window;
    const time = timeOfDay(at, zone === 'device' ? timeZone : zone);
    return `it is ${time}, the window is ${from}-${to} (${zone})`;
  },
  battery: async ({ power }, { conditions: { battery } }) =>
    battery && whyNotPower(battery, await power()),
  network: async ({ wayOut, isMetered }, { conditions: { network }, isHandedOver }) =>
    network === undefined || isHandedOver
      ? undefined
      : whyNotNetwork(network, await wayOut(), isMetered),
  space: async ({ freeBytes }, { conditions: { freeBytes: asked } }) => {
    if (asked === undefined) return undefined;
    const free = await freeBytes();
    return free >= asked ? undefined : `${free} bytes are free, ${asked} are asked`;
  },
  load: ({ loadPercent }, { conditions: { maxLoadPercent: most } }) => {
    const load = most === undefined ? 0 : loadPercent();
    const isBusy = most !== undefined && load > most;
    return Promise.resolve(
      isBusy ? `the load is ${load} %, at most ${most} % is asked` : undefined,
    );
  },
  consent: async ({ consents }, { release, conditions: { consent } }) =>
    consent !== true || (await consents(release))
      ? undefined
      : `nobody here has consented to ${release.version}`,
};

/** What keeps a release waiting here and now, in the order of the table; nothing: it may begin. */
export async function judgeConditions(
  facts: DeviceFacts,
  candidate: Candidate,
): Promise<readonly WaitingReason[]> {
  const reasons: WaitingReason[] = [];
  for (const [condition, judge] of Object.entries(JUDGES)) {
    const detail = await judge(facts, candidate);
    if (detail === undefined) continue;
    reasons.push({ condition: condition as ConditionName, detail: detail.slice(0, 500) });
  }
  return reasons;
}
