import type { Happening } from '../audit/audit-store.ts';
import type { DeviceRow, Tx } from '../database/schema.ts';
import { findDevice, setDeviceState } from './device-store.ts';
import { deviceStateAfter, type DeviceAction, type DeviceState } from './device-state.ts';

export interface ActOnDeviceDeps {
  readonly now: () => Date;
  readonly appendAudit: (tx: Tx, happening: Happening) => Promise<void>;
  /** The device may be told what to run from now on. */
  readonly deviceAccepted: (tx: Tx, device: DeviceRow) => Promise<readonly string[]>;
  /** Nothing waits for the device any more. */
  readonly deviceLeft: (tx: Tx, device: DeviceRow) => Promise<readonly string[]>;
}

/** What an operator does, to which device. */
export interface DeviceAct {
  readonly id: string;
  readonly action: DeviceAction;
  readonly actor: string;
}

export type ActedOnDevice =
  | { readonly kind: 'changed'; readonly state: DeviceState; readonly told: readonly string[] }
  | { readonly kind: 'unknown_device' }
  | { readonly kind: 'not_allowed'; readonly state: DeviceState };

/** Accepts, rejects or retires a device, and lets rollouts know in the same transaction. */
export async function actOnDevice(
  tx: Tx,
  { id, action, actor }: DeviceAct,
  deps: ActOnDeviceDeps,
): Promise<ActedOnDevice> {
  const device = await findDevice(tx, id);
  if (device === undefined) return { kind: 'unknown_device' };
  const state = deviceStateAfter(device.state, action);
  if (state === undefined) return { kind: 'not_allowed', state: device.state };

  await setDeviceState(tx, id, state);
  await deps.appendAudit(tx, {
    at: deps.now(),
    actor,
    action: `device_${action}`,
    subject: `device:${id}`,
    before: { state: device.state },
    after: { state },
  });
  const told = await tell(tx, { ...device, state }, { was: device.state, deps });
  return { kind: 'changed', state, told };
}

async function tell(
  tx: Tx,
  device: DeviceRow,
  { was, deps }: { readonly was: DeviceState; readonly deps: ActOnDeviceDeps },
): Promise<readonly string[]> {
  if (device.state === 'accepted') return deps.deviceAccepted(tx, device);
  return was === 'accepted' ? deps.deviceLeft(tx, device) : [];
}
