import type { DeviceRow, Tx } from '../database/schema.ts';
import { addToCounters, moveAssignments } from './assignment-store.ts';
import { listStanding, releaseDevice } from './member-store.ts';
import { phaseOfNewcomer } from './phases.ts';
import { findRelease, insertWaiting } from './plan-store.ts';
import { findLiveRollout } from './rollout-store.ts';
import { stepRollout, type StepDeps } from './step.ts';

/** What rollouts must know of a device that comes or goes. */
export type Newcomer = Pick<DeviceRow, 'id' | 'product' | 'hardware_id'>;

/**
 * A device has just been accepted: it joins the live rollout of its product, and is signed its first
 * word from the director, which may be "nothing". Answers whom to announce it to after the commit.
 */
export async function deviceAccepted(
  tx: Tx,
  device: Newcomer,
  deps: StepDeps,
): Promise<readonly string[]> {
  const told = await joinLiveRollout(tx, device, deps);
  if (told.includes(device.id)) return told;
  await deps.signAssignments(tx, [device.id]);
  return [...told, device.id];
}

async function joinLiveRollout(
  tx: Tx,
  device: Newcomer,
  deps: StepDeps,
): Promise<readonly string[]> {
  const rollout = await findLiveRollout(tx, device.product);
  // One that moves devices off a release is not for a device that has not even reported yet.
  if (rollout === undefined || rollout.onlyRunning !== null) return [];
  const release = await findRelease(tx, rollout.product, rollout.version);
  if (release?.hardwareIds.includes(device.hardware_id) !== true) return [];
  const percents = rollout.phases.map(({ percent }) => percent);
  const phase = phaseOfNewcomer(rollout.id, device.id, percents);
  if (phase === undefined) return [];

  await insertWaiting(tx, rollout.id, [{ device: device.id, phase }], deps.now().toISOString());
  await addToCounters(tx, { rollout: rollout.id, phase }, ONE_MEMBER);
  return (await stepRollout(tx, rollout.id, deps)).told;
}

const ONE_MEMBER = { members: 1, offered: 0, proven: 0, failed: 0 };

/**
 * A device has left the fleet: no rollout waits for it any more. What it proved or failed stays
 * counted. Answers whom else to tell, because its leaving may complete a phase.
 */
export async function deviceLeft(
  tx: Tx,
  device: Newcomer,
  deps: StepDeps,
): Promise<readonly string[]> {
  const standings = await listStanding(tx, device.id, device.product);
  await moveAssignments(
    tx,
    standings,
    { state: 'withdrawn', code: 'device_left', detail: null },
    deps.now(),
  );
  await releaseDevice(tx, device.id);
  const told: string[] = [];
  for (const { rollout, phase } of standings) {
    await addToCounters(tx, { rollout, phase }, { ...ONE_MEMBER, members: -1 });
    told.push(...(await stepRollout(tx, rollout, deps)).told);
  }
  return told;
}
