import { beforeEach, describe, expect, test } from 'vitest';
import { moveAssignments } from '../../../server/rollouts/assignment-store.ts';
import { carryOut } from '../../../server/rollouts/carry-out.ts';
import { deviceAccepted, deviceLeft } from '../../../server/rollouts/fleet-changes.ts';
import { rolloutDesk } from '../../../server/rollouts/rollout-desk.ts';
import {
  addDevices,
  addRelease,
  assignmentOf,
  countBoth,
  deviceIds,
  startFleet,
  type Fleet,
} from '../../support/fleet.ts';

let fleet: Fleet;

beforeEach(async () => {
  fleet = await startFleet();
  await addRelease(fleet, '2.0.0');
});

async function create(...percents: number[]) {
  const phases = percents.map((percent) => ({ percent, successPercent: 90, failurePercent: 20 }));
  const wish = { product: 'gateway', version: '2.0.0', phases, actor: 'operator:kim' };
  const created = await rolloutDesk(fleet).createRollout(wish);
  if (created.kind !== 'created') throw new Error(`expected a rollout, got ${created.kind}`);
  return created.rollout;
}

/** One device that was offered the release proves it. */
async function proveOne(rollout: string): Promise<void> {
  await fleet.db.transaction().execute(async (tx) => {
    const one = await tx
      .selectFrom('assignments')
      .selectAll()
      .where('state', '=', 'offered')
      .limit(1)
      .execute();
    await moveAssignments(tx, one, { state: 'proven', code: null, detail: null }, fleet.now());
  });
  await carryOut(rollout, fleet);
}

function newcomer(id: string) {
  return { id, product: 'gateway', hardware_id: 'rpi4' };
}

describe('a device that is accepted later', () => {
  test('joins the live rollout and is offered the release at once when its phase is open', async () => {
    await addDevices(fleet, deviceIds(3));
    const { id } = await create(100);
    await addDevices(fleet, ['late']);

    const told = await fleet.db
      .transaction()
      .execute((tx) => deviceAccepted(tx, newcomer('late'), fleet));

    expect(told).toEqual(['late']);
    expect(await assignmentOf(fleet, id, 'late')).toMatchObject({ state: 'offered' });
    expect(await rolloutDesk(fleet).findRollout(id)).toMatchObject({
      phases: [{ members: 4, offered: 4 }],
    });
  });

  test('waits in a phase that is not open yet, and is told "nothing" until then', async () => {
    await addDevices(fleet, deviceIds(50));
    const { id } = await create(1, 100);
    await addDevices(fleet, ['late']);

    await fleet.db.transaction().execute((tx) => deviceAccepted(tx, newcomer('late'), fleet));

    expect(await assignmentOf(fleet, id, 'late')).toMatchObject({ state: 'waiting', phase: 1 });
    expect(fleet.signed.at(-1)).toBe('late');
    const { kept, counted } = await countBoth(fleet, id);
    expect(kept).toEqual(counted);
  });

  test('does not join a rollout of a release that does not fit its board', async () => {
    await addDevices(fleet, deviceIds(1));
    const { id } = await create(100);
    await addDevices(fleet, ['late'], { hardware_id: 'rpi5' });
    const other = { ...newcomer('late'), hardware_id: 'rpi5' };

    await fleet.db.transaction().execute((tx) => deviceAccepted(tx, other, fleet));

    expect(await assignmentOf(fleet, id, 'late')).toBeUndefined();
  });
});

test('a device that leaves is not waited for any more, which may complete the rollout', async () => {
  await addDevices(fleet, deviceIds(2));
  const { id } = await create(100);
  await proveOne(id);
  const [left] = await fleet.db
    .selectFrom('assignments')
    .select('device')
    .where('state', '=', 'offered')
    .execute();

  await fleet.db.transaction().execute((tx) => deviceLeft(tx, newcomer(left?.device ?? ''), fleet));

  expect(await rolloutDesk(fleet).findRollout(id)).toMatchObject({
    state: 'completed',
    phases: [{ members: 1, offered: 1, proven: 1 }],
  });
  const { kept, counted } = await countBoth(fleet, id);
  expect(kept).toEqual(counted);
});
