import type { Tx } from '../database/schema.ts';
import type { Batch } from './offer-store.ts';
import { planPhases } from './phases.ts';
import { findLiveRollout, findRollout, type Rollout } from './rollout-store.ts';
import {
  findRelease,
  insertRollout,
  listFittingDevices,
  type Plan,
  type Release,
} from './plan-store.ts';
import { stepRollout, type StepDeps } from './step.ts';

/** What an operator asks for. */
export interface Wish {
  readonly product: string;
  readonly version: string;
  readonly phases: Plan['phases'];
  /** Who asks, for the audit trail. */
  readonly actor: string;
}

export type Creation =
  | { readonly kind: 'created'; readonly rollout: Rollout; readonly batch: Batch }
  | { readonly kind: 'unknown_release' }
  | { readonly kind: 'no_devices' }
  | { readonly kind: 'rollout_running'; readonly running: string };

/** Plans a rollout over the devices that fit now, and offers the first batch: all or nothing. */
export async function createRollout(
  tx: Tx,
  wish: Wish,
  deps: StepDeps & { readonly newId: () => string },
): Promise<Creation> {
  const release = await findRelease(tx, wish.product, wish.version);
  if (release?.state !== 'published') return { kind: 'unknown_release' };
  const live = await findLiveRollout(tx, wish.product);
  if (live !== undefined) return { kind: 'rollout_running', running: live.id };
  const devices = await listFittingDevices(tx, wish.product, release.hardwareIds);
  if (devices.length === 0) return { kind: 'no_devices' };

  const id = deps.newId();
  const percents = wish.phases.map(({ percent }) => percent);
  const members = planPhases(id, devices, percents);
  await insertRollout(tx, { id, release, phases: wish.phases, members, at: deps.now() });
  await audit(tx, id, { wish, release, deps });
  const batch = await stepRollout(tx, id, deps);
  const rollout = await findRollout(tx, id);
  if (rollout === undefined) throw new Error(`bug: rollout ${id} was not stored`);
  return { kind: 'created', rollout, batch };
}

interface Told {
  readonly wish: Wish;
  readonly release: Release;
  readonly deps: StepDeps;
}

async function audit(tx: Tx, id: string, { wish, release, deps }: Told): Promise<void> {
  const { product, version, phases, actor } = wish;
  await deps.appendAudit(tx, {
    at: deps.now(),
    actor,
    action: 'rollout_created',
    subject: `rollout:${id}`,
    after: { product, version, manifestSha256: release.manifestSha256, phases },
  });
}
