import { beforeEach, describe, expect, test } from 'vitest';
import type { Wish } from '../../../server/rollouts/create-rollout.ts';
import { carryOut } from '../../../server/rollouts/carry-out.ts';
import { deviceAccepted } from '../../../server/rollouts/fleet-changes.ts';
import { BATCH } from '../../../server/rollouts/offer-store.ts';
import { rolloutDesk } from '../../../server/rollouts/rollout-desk.ts';
import { moveAssignments } from '../../../server/rollouts/assignment-store.ts';
import type { AssignmentState } from '../../../server/rollouts/counters.ts';
import {
  addDevices,
  addRelease,
  assignmentOf,
  countBoth,
  deviceIds,
  deviceOf,
  startFleet,
  type Fleet,
} from '../../support/fleet.ts';

let fleet: Fleet;
let manifest: string;

beforeEach(async () => {
  fleet = await startFleet();
  manifest = await addRelease(fleet, '2.0.0');
});

function wish(...percents: number[]): Wish {
  const phases = percents.map((percent) => ({ percent, successPercent: 90, failurePercent: 20 }));
  return { product: 'gateway', version: '2.0.0', phases, actor: 'operator:kim' };
}

async function create(...percents: number[]) {
  const created = await rolloutDesk(fleet).createRollout(wish(...percents));
  if (created.kind !== 'created') throw new Error(`expected a rollout, got ${created.kind}`);
  return created.rollout;
}

async function statesOf(rollout: string): Promise<Record<string, number>> {
  const rows = await fleet.db
    .selectFrom('assignments')
    .select('state')
    .where('rollout', '=', rollout)
    .execute();
  const states: Record<string, number> = {};
  for (const { state } of rows) states[state] = (states[state] ?? 0) + 1;
  return states;
}

/** As a report would: the first `count` devices that were offered the release come to `state`. */
async function answer(rollout: string, count: number, state: AssignmentState): Promise<void> {
  await fleet.db.transaction().execute(async (tx) => {
    const offered = await tx
      .selectFrom('assignments')
      .selectAll()
      .where('rollout', '=', rollout)
      .where('state', '=', 'offered')
      .limit(count)
      .execute();
    await moveAssignments(tx, offered, { state, code: null, detail: null }, fleet.now());
  });
  await carryOut(rollout, fleet);
}

const LATE = { id: 'late', product: 'gateway', hardware_id: 'rpi4' };

describe('creating a rollout', () => {
  test('offers the release to its first phase only, signed and announced', async () => {
    await addDevices(fleet, deviceIds(5));

    const { id, phases, state } = await create(20, 100);

    expect(state).toBe('running');
    expect(phases.map(({ members, offered }) => [members, offered])).toEqual([
      [1, 1],
      [4, 0],
    ]);
    expect(await statesOf(id)).toEqual({ offered: 1, waiting: 4 });
    expect(fleet.signed).toHaveLength(1);
    expect(fleet.announced).toEqual(fleet.signed);
    const device = await deviceOf(fleet, fleet.signed[0] ?? '');
    expect(device).toMatchObject({ desired_manifest_sha256: manifest, rollout: id });
  });

  test('reaches accepted devices of the product on its boards, and no others', async () => {
    await addDevices(fleet, ['good']);
    await addDevices(fleet, ['pending'], { state: 'pending' });
    await addDevices(fleet, ['retired'], { state: 'retired' });
    await addDevices(fleet, ['other-board'], { hardware_id: 'rpi5' });
    await addDevices(fleet, ['other-product'], { product: 'pump' });

    await create(100);

    expect(fleet.signed).toEqual(['good']);
  });

  test('is refused for a release that is not published', async () => {
    await addDevices(fleet, ['d0']);
    const desk = rolloutDesk(fleet);
    expect(await desk.createRollout({ ...wish(100), version: '9' })).toEqual({
      kind: 'unknown_release',
    });
    expect(await desk.createRollout(wish(100))).toMatchObject({ kind: 'created' });
  });

  test('is refused for a release that was recalled', async () => {
    await addDevices(fleet, ['d0']);
    await fleet.db
      .updateTable('releases')
      .set({ state: 'recalled', recall_reason: 'it burns' })
      .execute();
    expect(await rolloutDesk(fleet).createRollout(wish(100))).toEqual({
      kind: 'release_recalled',
      reason: 'it burns',
    });
  });

  test('is refused without devices, and leaves nothing behind', async () => {
    expect(await rolloutDesk(fleet).createRollout(wish(100))).toEqual({ kind: 'no_devices' });
    expect(await rolloutDesk(fleet).listRollouts()).toEqual([]);
  });

  test('is refused while another one of the product is live, and allowed when it is over', async () => {
    await addDevices(fleet, deviceIds(2));
    const { id } = await create(100);
    const desk = rolloutDesk(fleet);

    expect(await desk.createRollout(wish(100))).toEqual({ kind: 'rollout_running', running: id });
    await desk.actOnRollout({ id, action: 'abort', actor: 'operator:kim' });

    expect(await desk.createRollout(wish(100))).toMatchObject({ kind: 'created' });
  });

  test('leaves nothing behind when signing fails', async () => {
    await addDevices(fleet, deviceIds(2));
    const desk = rolloutDesk({
      ...fleet,
      signAssignments: () => Promise.reject(new Error('no director root')),
    });

    await expect(desk.createRollout(wish(100))).rejects.toThrow('no director root');

    expect(await desk.listRollouts()).toEqual([]);
    expect((await deviceOf(fleet, 'd0')).desired_manifest_sha256).toBeNull();
    expect(fleet.announced).toEqual([]);
  });

  test('offers a large phase in several transactions', async () => {
    await addDevices(fleet, deviceIds(2 * BATCH + 50));
    let batches = 0;
    const counting: Fleet = {
      ...fleet,
      signAssignments: (tx, ids) => {
        batches += 1;
        expect(ids.length).toBeLessThanOrEqual(BATCH);
        return fleet.signAssignments(tx, ids);
      },
    };

    const created = await rolloutDesk(counting).createRollout(wish(100));

    expect(batches).toBe(3);
    expect(created).toMatchObject({ rollout: { phases: [{ offered: 2 * BATCH + 50 }] } });
    expect(new Set(fleet.signed).size).toBe(2 * BATCH + 50);
  });

  test('counts a device that has proven the release before at once, and tells it nothing', async () => {
    await addDevices(fleet, ['d0'], {
      proven_manifest_sha256: manifest,
      running_manifest_sha256: manifest,
      desired_manifest_sha256: manifest,
    });

    const { id, state, phases } = await create(100);

    expect(phases[0]).toMatchObject({ offered: 1, proven: 1 });
    expect(state).toBe('completed');
    expect(fleet.signed).toEqual([]);
    expect((await deviceOf(fleet, 'd0')).rollout).toBe(id);
  });

  test('offers it to a device that proved it once and runs something else now', async () => {
    await addDevices(fleet, ['d0'], { proven_manifest_sha256: manifest });
    expect((await create(100)).phases[0]).toMatchObject({ offered: 1, proven: 0 });
  });
});

describe('a rollout under way', () => {
  test('opens its next phase when enough have proven it, and completes when all have', async () => {
    await addDevices(fleet, deviceIds(10));
    const { id } = await create(10, 50, 100);

    await answer(id, 1, 'proven');
    expect(await statesOf(id)).toEqual({ proven: 1, offered: 4, waiting: 5 });
    await answer(id, 4, 'proven');
    await answer(id, 5, 'proven');

    expect(await rolloutDesk(fleet).findRollout(id)).toMatchObject({
      state: 'completed',
      phase: 2,
    });
    expect(fleet.signed).toHaveLength(10);
  });

  test('halts at its failure limit: what was not begun is taken back, what runs runs on', async () => {
    const old = await addRelease(fleet, '1.0.0');
    await addDevices(fleet, deviceIds(10), { proven_manifest_sha256: old });
    const { id } = await create(50, 100);
    await answer(id, 2, 'installing');
    fleet.signed.length = 0;

    await answer(id, 1, 'failed');

    const halted = await rolloutDesk(fleet).findRollout(id);
    expect(halted).toMatchObject({
      state: 'halted',
      reason: 'phase 1: 1 of 5 devices failed, which reaches the limit of 20 %',
    });
    expect(await statesOf(id)).toEqual({ failed: 1, installing: 2, withdrawn: 2, waiting: 5 });
    expect(fleet.signed).toHaveLength(2);
    for (const device of fleet.signed) {
      expect(await deviceOf(fleet, device)).toMatchObject({
        desired_manifest_sha256: old,
        rollout: null,
      });
    }
    const { kept, counted } = await countBoth(fleet, id);
    expect(kept).toEqual(counted);
  });

  test('never offers anything again once it has halted', async () => {
    await addDevices(fleet, deviceIds(10));
    const { id } = await create(50, 100);
    await answer(id, 1, 'failed');
    fleet.signed.length = 0;

    await carryOut(id, fleet);
    await fleet.db.transaction().execute((tx) => deviceAccepted(tx, LATE, fleet));

    expect(fleet.signed).toEqual(['late']); // its first word, which is "nothing"
    expect(await assignmentOf(fleet, id, 'late')).toBeUndefined();
  });

  test('takes a large phase back in several transactions', async () => {
    await addDevices(fleet, deviceIds(BATCH + 100));
    const { id } = await create(100);

    await answer(id, BATCH, 'failed');

    expect(await statesOf(id)).toEqual({ failed: BATCH, withdrawn: 100 });
  });

  test('offers nothing while it is paused, and goes on when it is resumed', async () => {
    await addDevices(fleet, deviceIds(10));
    const { id } = await create(50, 100);
    const desk = rolloutDesk(fleet);
    await desk.actOnRollout({ id, action: 'pause', actor: 'operator:kim' });

    await answer(id, 5, 'proven');
    expect(await statesOf(id)).toEqual({ proven: 5, waiting: 5 });
    await desk.actOnRollout({ id, action: 'resume', actor: 'operator:kim' });

    expect(await statesOf(id)).toEqual({ proven: 5, offered: 5 });
  });

  test('takes back what was not begun when it is aborted', async () => {
    await addDevices(fleet, deviceIds(10));
    const { id } = await create(50, 100);
    await answer(id, 1, 'trial');

    const acted = await rolloutDesk(fleet).actOnRollout({
      id,
      action: 'abort',
      actor: 'operator:kim',
    });

    expect(acted).toMatchObject({ kind: 'changed', rollout: { state: 'aborted' } });
    expect(await statesOf(id)).toEqual({ trial: 1, withdrawn: 4, waiting: 5 });
  });

  test('cannot be resumed after it was aborted', async () => {
    await addDevices(fleet, deviceIds(1));
    const { id } = await create(100);
    const desk = rolloutDesk(fleet);
    await desk.actOnRollout({ id, action: 'abort', actor: 'operator:kim' });
    const acted = await desk.actOnRollout({ id, action: 'resume', actor: 'operator:kim' });
    expect(acted).toEqual({ kind: 'not_allowed', state: 'aborted' });
  });

  test('goes on after the server was cut between two batches', async () => {
    await addDevices(fleet, deviceIds(2 * BATCH));
    const broken = rolloutDesk({
      ...fleet,
      announce: () => Promise.reject(new Error('cut')),
    });
    await expect(broken.createRollout(wish(100))).rejects.toThrow('cut');
    const [cut] = await rolloutDesk(fleet).listRollouts();
    expect(cut?.phases[0]?.offered).toBe(BATCH);

    await carryOut(cut?.id ?? '', fleet);

    expect(await statesOf(cut?.id ?? '')).toEqual({ offered: 2 * BATCH });
  });

  test('ends what an older halted one left running on a device that it reaches', async () => {
    await addDevices(fleet, ['d0', 'd1', 'd2', 'd3', 'd4']);
    const old = await create(100);
    await answer(old.id, 1, 'installing');
    await rolloutDesk(fleet).actOnRollout({ id: old.id, action: 'abort', actor: 'operator:kim' });

    const { id } = await create(100);

    expect(await statesOf(old.id)).toEqual({ withdrawn: 5 });
    expect(await statesOf(id)).toEqual({ offered: 5 });
    const { kept, counted } = await countBoth(fleet, old.id);
    expect(kept).toEqual(counted);
  });

  test('writes every turn of it into the audit trail', async () => {
    await addDevices(fleet, deviceIds(2));
    const { id } = await create(50, 100);
    await answer(id, 1, 'proven');
    await answer(id, 1, 'proven');

    const actions = await fleet.db
      .selectFrom('audit')
      .select(['actor', 'action'])
      .where('subject', '=', `rollout:${id}`)
      .orderBy('sequence')
      .execute();
    expect(actions).toEqual([
      { actor: 'operator:kim', action: 'rollout_created' },
      { actor: 'server', action: 'rollout_advanced' },
      { actor: 'server', action: 'rollout_completed' },
    ]);
  });
});
