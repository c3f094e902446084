import type { Enrolment } from '../../shared/protocol/enrolment.ts';
import type { Database, DeviceRow, Tx } from '../database/schema.ts';
import type { DeviceState } from './device-state.ts';

/** One device, or undefined. */
export async function findDevice(db: Database | Tx, id: string): Promise<DeviceRow | undefined> {
  return db.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The device that enrolled with this key. */
export async function findDeviceByKey(tx: Tx, publicKey: string): Promise<DeviceRow | undefined> {
  return tx
    .selectFrom('devices')
    .selectAll()
    .where('public_key', '=', publicKey)
    .executeTakeFirst();
}

/** Whether a product is registered. */
export async function isProduct(tx: Tx, id: string): Promise<boolean> {
  const row = await tx.selectFrom('products').select('id').where('id', '=', id).executeTakeFirst();
  return row !== undefined;
}

/** A device that nobody knew before. */
export async function insertDevice(
  tx: Tx,
  { device, product, hardwareId, publicKey }: Enrolment,
  state: DeviceState,
  at: Date,
): Promise<DeviceRow> {
  const row: DeviceRow = {
    id: device,
    public_key: publicKey,
    product,
    hardware_id: hardwareId,
    state,
    enrolled_at: at.toISOString(),
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
  await tx.insertInto('devices').values(row).execute();
  return row;
}

/** Changes the state of a device. */
export async function setDeviceState(tx: Tx, id: string, state: DeviceState): Promise<void> {
  await tx.updateTable('devices').set({ state }).where('id', '=', id).execute();
}
