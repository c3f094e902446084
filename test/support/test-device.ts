import type { Signer } from '../../shared/crypto/signer.ts';
import { makeDeviceToken } from '../../shared/protocol/device-token.ts';
import type { DeviceRow } from '../../server/database/schema.ts';
import { testKey } from './test-key.ts';
import type { TestApp } from './test-app.ts';

/** A device that is enrolled, with its key. */
export interface TestDevice {
  readonly id: string;
  readonly signer: Signer;
  readonly tokenAt: (instant: Date) => Promise<string>;
}

/** Puts a device into the inventory, as if it had enrolled. */
export async function enrolledDevice(
  { ground }: TestApp,
  id: string,
  change: Partial<DeviceRow> = {},
): Promise<TestDevice> {
  const signer = testKey(`device ${id}`);
  const { db } = ground;
  await db
    .insertInto('devices')
    .values({ ...NEW_DEVICE, id, public_key: signer.publicKey.keyval.public, ...change })
    .execute();
  return { id, signer, tokenAt: (instant) => makeDeviceToken(id, signer, instant) };
}

const NEW_DEVICE: Omit<DeviceRow, 'id' | 'public_key'> = {
  product: 'gateway',
  hardware_id: 'rpi4',
  state: 'accepted',
  enrolled_at: '2026-05-01T00:00:00.000Z',
  last_seen_at: null,
  presence: 'offline',
  last_report_number: 0,
  running_manifest_sha256: null,
  running_version: null,
  running_installed_sha256: null,
  running_slot: null,
  running_components: null,
  security_epoch: 0,
  proven_manifest_sha256: null,
  proven_components: null,
  desired_manifest_sha256: null,
  rollout: null,
};
