import { appendAudit } from '../audit/audit-store.ts';
import { deviceDesk } from '../devices/device-desk.ts';
import { rememberDeviceKeys } from '../devices/device-key.ts';
import { findDevice } from '../devices/device-store.ts';
import type { DeviceState } from '../devices/device-state.ts';
import type { ApiDeps } from '../http/api-routes.ts';
import type { AppDeps } from '../http/app.ts';
import { issueOperatorToken } from '../http/operator-token-store.ts';
import { findManifest } from '../releases/release-store.ts';
import { rememberReleases } from '../reports/assigned-release.ts';
import { reportIngest } from '../reports/ingest.ts';
import type { StoreMessageDeps } from '../reports/store-message.ts';
import { receiveReports, type Receipt } from '../reports/receive-reports.ts';
import { carryOut } from '../rollouts/carry-out.ts';
import { deviceAccepted, deviceLeft } from '../rollouts/fleet-changes.ts';
import { moveLatecomer } from '../rollouts/move-latecomer.ts';
import { rolloutDesk } from '../rollouts/rollout-desk.ts';
import type { Announcements } from './announcements.ts';
import type { Ground } from './ground.ts';

/** The fleet's half of the server: who is in it, what it is told, what it reports. */
export interface FleetSide {
  readonly api: Pick<ApiDeps, 'devices' | 'tokens' | 'rollouts' | 'offline'>;
  readonly device: Pick<AppDeps, 'assignment' | 'enrolment' | 'reports'>;
  readonly receiveReports: (deviceId: string, bytes: Uint8Array) => Promise<Receipt>;
  /** Goes on with a rollout that was cut off between two batches. */
  readonly carryOut: (rollout: string) => Promise<void>;
}

export interface FleetDeps {
  readonly tell: Announcements;
  /** A device may no longer do what it could: its connection ends. */
  readonly disconnect: (deviceId: string) => void;
}

/** Wires devices, rollouts, director and reports to each other. */
export function fleetSide(ground: Ground, { tell, disconnect }: FleetDeps): FleetSide {
  const { db, now, director, auth, sightings, log, newId, randomBytes } = ground;
  const { signAssignments } = director;
  const step = { db, now, signAssignments, appendAudit, announce: tell.devices };
  const devices = deviceDesk({
    db,
    now,
    appendAudit,
    announce: tell.devices,
    deviceAccepted: (tx, device) => deviceAccepted(tx, device, step),
    deviceLeft: (tx, device) => deviceLeft(tx, device, step),
    stateChanged: (deviceId: string, state: DeviceState) => {
      auth.forgetDevice(deviceId);
      if (state !== 'accepted') disconnect(deviceId);
      log('device_state_changed', { device: deviceId, state });
    },
    randomBytes,
  });
  const mover = { actor: 'server', deps: { ...step, newId } };
  const receive = reportReceiver(ground, step, (tx, device, manifestSha256) =>
    moveLatecomer(tx, device, manifestSha256, mover),
  );
  const { authenticate } = auth;
  return {
    api: {
      devices,
      rollouts: rolloutDesk({ ...step, newId }),
      offline: director,
      tokens: {
        issueEnrolmentToken: devices.issueEnrolmentToken,
        issueOperatorToken: (wish, actor) =>
          issueOperatorToken(db, wish, { now: now(), actor, randomBytes }),
      },
    },
    device: {
      assignment: { authenticate, director, sighted: sightings.note },
      enrolment: devices,
      reports: { authenticateDevice: authenticate, receiveReports: receive },
    },
    receiveReports: receive,
    carryOut: (rollout) => carryOut(rollout, step),
  };
}

type Step = Parameters<typeof carryOut>[1];

function reportReceiver(
  { log }: Ground,
  step: Step,
  moveOff: StoreMessageDeps['moveOff'],
): FleetSide['receiveReports'] {
  const { db } = step;
  const failed = (what: string) => (cause: unknown) => {
    log(`${what}_failed`, { error: String(cause) });
  };
  return receiveReports({
    findDeviceKey: rememberDeviceKeys(async (id) => (await findDevice(db, id))?.public_key),
    ingest: reportIngest({
      ...step,
      findAssignedRelease: rememberReleases(findManifest),
      moveOff,
      noticed: ({ device, attack, since, times, code }) => {
        log('device_noticed', { device, attack, since, times, code });
      },
      announce: (deviceIds) => {
        step.announce(deviceIds).catch(failed('announcement'));
      },
      carryOut: (rollout) => {
        carryOut(rollout, step).catch(failed('rollout_step'));
      },
    }),
  });
}
