import type { Tx } from '../database/schema.ts';
import type { Batch } from './offer-store.ts';
import { planPhases } from './phases.ts';
import { findLiveRollout, findRollout, type Rollout } from './rollout-store.ts';
import {
  countBeyond,
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
  /** Only devices that run this version of the product. */
  readonly onlyRunning?: string | undefined;
  /** Who asks, for the audit trail. */
  readonly actor: string;
}

export type Creation =
  | { readonly kind: 'created'; readonly rollout: Rollout; readonly batch: Batch }
  | { readonly kind: 'unknown_release' }
  | { readonly kind: 'release_recalled'; readonly reason: string }
  /** Devices would refuse it: they have committed a release with a higher number. */
  | { readonly kind: 'release_counter_lower'; readonly beyond: number; readonly counter: number }
  | { readonly kind: 'no_devices' }
  | { readonly kind: 'rollout_running'; readonly running: string };

/** Plans a rollout over the devices that fit now, and offers the first batch: all or nothing. */
export async function createRollout(
  tx: Tx,
  wish: Wish,
  deps: StepDeps & { readonly newId: () => string },
): Promise<Creation> {
  const aim = await aimOf(tx, wish);
  if (aim.kind !== 'aim') return aim;
  const { release, devices, onlyRunning } = aim;

  const id = deps.newId();
  const percents = wish.phases.map(({ percent }) => percent);
  const members = planPhases(id, devices, percents);
  const { phases } = wish;
  await insertRollout(tx, { id, release, phases, members, onlyRunning, at: deps.now() });
  await audit(tx, id, { wish, release, deps });
  const batch = await stepRollout(tx, id, deps);
  const rollout = await findRollout(tx, id);
  if (rollout === undefined) throw new Error(`bug: rollout ${id} was not stored`);
  return { kind: 'created', rollout, batch };
}

interface Aim {
  readonly kind: 'aim';
  readonly release: Release;
  readonly devices: readonly string[];
  readonly onlyRunning: string | null;
}

type Obstacle = Exclude<Creation, { readonly kind: 'created' }>;

/** What would go to whom, or why it cannot. */
async function aimOf(tx: Tx, wish: Wish): Promise<Aim | Obstacle> {
  const release = await findRelease(tx, wish.product, wish.version);
  if (release === undefined) return { kind: 'unknown_release' };
  if (release.state === 'recalled') {
    return { kind: 'release_recalled', reason: release.recallReason ?? 'no reason is known' };
  }
  const live = await findLiveRollout(tx, wish.product);
  if (live !== undefined) return { kind: 'rollout_running', running: live.id };
  return reachOf(tx, wish, release);
}

async function reachOf(
  tx: Tx,
  { product, onlyRunning: version }: Wish,
  release: Release,
): Promise<Aim | Obstacle> {
  const left = version === undefined ? undefined : await findRelease(tx, product, version);
  if (version !== undefined && left === undefined) return { kind: 'unknown_release' };
  const onlyRunning = left?.manifestSha256;
  const { hardwareIds, releaseCounter: counter } = release;
  const reach = { product, hardwareIds, onlyRunning };
  const devices = await listFittingDevices(tx, reach);
  if (devices.length === 0) return { kind: 'no_devices' };
  const beyond = await countBeyond(tx, reach, counter);
  if (beyond > 0) return { kind: 'release_counter_lower', beyond, counter };
  return { kind: 'aim', release, devices, onlyRunning: onlyRunning ?? null };
}

interface Told {
  readonly wish: Wish;
  readonly release: Release;
  readonly deps: StepDeps;
}

async function audit(tx: Tx, id: string, { wish, release, deps }: Told): Promise<void> {
  const { product, version, phases, onlyRunning, actor } = wish;
  await deps.appendAudit(tx, {
    at: deps.now(),
    actor,
    action: 'rollout_created',
    subject: `rollout:${id}`,
    after: { product, version, manifestSha256: release.manifestSha256, phases, onlyRunning },
  });
}
