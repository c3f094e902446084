import type { Database } from '../database/schema.ts';
import { actOnDevice, type ActOnDeviceDeps } from './act-on-device.ts';
import type { DeviceState } from './device-state.ts';
import type { DeviceDeps } from './device-routes.ts';
import { enrol } from './enrol.ts';
import type { EnrolmentDeps } from './enrolment-routes.ts';
import { insertEnrolmentToken } from './enrolment-token-store.ts';
import { listDevices, listLastReports, showDevice } from './inventory-store.ts';
import type { TokenDeps } from './token-routes.ts';

export interface DeviceDeskDeps extends ActOnDeviceDeps {
  readonly db: Database;
  readonly announce: (deviceIds: readonly string[]) => Promise<void>;
  /** After the commit: remembered tokens are void, and one not accepted any more is cut off. */
  readonly stateChanged: (deviceId: string, state: DeviceState) => void;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** The routes' dependencies on a real database: one transaction each, announced after its commit. */
export function deviceDesk(
  deps: DeviceDeskDeps,
): DeviceDeps & EnrolmentDeps & Pick<TokenDeps, 'issueEnrolmentToken'> {
  const { db } = deps;
  return {
    listDevices: (page) => listDevices(db, page),
    showDevice: (id) => showDevice(db, id),
    listLastReports: (id, limit) => listLastReports(db, id, limit),
    actOnDevice: async (act) => {
      const acted = await db.transaction().execute((tx) => actOnDevice(tx, act, deps));
      if (acted.kind !== 'changed') return acted;
      deps.stateChanged(act.id, acted.state);
      await deps.announce(acted.told);
      return acted;
    },
    enrol: async (enrolment) => {
      const enrolled = await db.transaction().execute((tx) => enrol(tx, enrolment, deps));
      if (enrolled.kind === 'enrolled') await deps.announce(enrolled.told);
      return enrolled;
    },
    issueEnrolmentToken: (wish, actor) => issueEnrolmentToken(wish, actor, deps),
  };
}

const HOUR_MILLISECONDS = 3_600_000;

async function issueEnrolmentToken(
  wish: Parameters<TokenDeps['issueEnrolmentToken']>[0],
  actor: string,
  { db, now, appendAudit, randomBytes }: DeviceDeskDeps,
): ReturnType<TokenDeps['issueEnrolmentToken']> {
  const token = `sle_${Buffer.from(randomBytes(32)).toString('base64url')}`;
  const createdAt = now();
  const expiresAt = new Date(createdAt.getTime() + wish.hours * HOUR_MILLISECONDS);
  const { name, product, uses, accept } = wish;
  await db.transaction().execute(async (tx) => {
    await insertEnrolmentToken(tx, {
      token,
      name,
      product,
      uses,
      accepts: accept,
      createdAt,
      expiresAt,
    });
    await appendAudit(tx, {
      at: createdAt,
      actor,
      action: 'enrolment_token_issued',
      subject: `enrolment-token:${name}`,
      after: { product, uses, accept, expiresAt: expiresAt.toISOString() },
    });
  });
  return { token, expiresAt: expiresAt.toISOString() };
}
