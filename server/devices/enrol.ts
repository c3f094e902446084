import type { Enrolment } from '../../shared/protocol/enrolment.ts';
import type { Happening } from '../audit/audit-store.ts';
import type { DeviceRow, EnrolmentTokenRow, Tx } from '../database/schema.ts';
import { findDevice, findDeviceByKey, insertDevice, isProduct } from './device-store.ts';
import type { DeviceState } from './device-state.ts';
import { findEnrolmentToken, spendEnrolmentToken } from './enrolment-token-store.ts';

export interface EnrolDeps {
  readonly now: () => Date;
  readonly appendAudit: (tx: Tx, happening: Happening) => Promise<void>;
  /** Hands a device over that may be told what to run; answers whom to announce it to. */
  readonly deviceAccepted: (tx: Tx, device: DeviceRow) => Promise<readonly string[]>;
}

export const ENROLMENT_REFUSALS = {
  token_unknown: 'this enrolment token does not exist, or not for this product',
  token_spent: 'this enrolment token is used up or expired',
  device_exists: 'this device id or this key is already enrolled with another',
  unknown_product: 'there is no such product',
} as const;

export type Enrolled =
  | {
      readonly kind: 'enrolled';
      readonly state: DeviceState;
      readonly told: readonly string[];
    }
  | { readonly kind: keyof typeof ENROLMENT_REFUSALS };

/**
 * Lets a device in whose proof of possession has held. Asking again with the same key gets the same
 * answer and takes no use of the token: an answer may have been lost on its way.
 */
export async function enrol(tx: Tx, enrolment: Enrolment, deps: EnrolDeps): Promise<Enrolled> {
  const known = await findDevice(tx, enrolment.device);
  if (known?.public_key === enrolment.publicKey) {
    return { kind: 'enrolled', state: known.state, told: [] };
  }
  // The token comes before everything else: without one, nobody learns which ids are taken.
  const token = await findEnrolmentToken(tx, enrolment.token);
  if (token === undefined) return { kind: 'token_unknown' };
  if (token.product !== null && token.product !== enrolment.product) {
    return { kind: 'token_unknown' };
  }
  if (isSpent(token, deps.now())) return { kind: 'token_spent' };
  if (!(await isProduct(tx, enrolment.product))) return { kind: 'unknown_product' };
  if (known !== undefined || (await findDeviceByKey(tx, enrolment.publicKey)) !== undefined) {
    return { kind: 'device_exists' };
  }
  return letIn(tx, enrolment, { token, deps });
}

function isSpent(token: EnrolmentTokenRow, at: Date): boolean {
  return token.uses_left < 1 || at >= new Date(token.expires_at);
}

async function letIn(
  tx: Tx,
  enrolment: Enrolment,
  { token, deps }: { readonly token: EnrolmentTokenRow; readonly deps: EnrolDeps },
): Promise<Enrolled> {
  const at = deps.now();
  const state = token.accepts === 1 ? 'accepted' : 'pending';
  await spendEnrolmentToken(tx, token.hash);
  const device = await insertDevice(tx, enrolment, state, at);
  await deps.appendAudit(tx, {
    at,
    actor: `device:${enrolment.device}`,
    action: 'device_enrolled',
    subject: `device:${enrolment.device}`,
    after: {
      state,
      product: enrolment.product,
      hardwareId: enrolment.hardwareId,
      publicKey: enrolment.publicKey,
      token: token.name,
    },
  });
  const told = state === 'accepted' ? await deps.deviceAccepted(tx, device) : [];
  return { kind: 'enrolled', state, told };
}
