import { beforeEach, describe, expect, test } from 'vitest';
import { moveLatecomer } from '../../../server/rollouts/move-latecomer.ts';
import type { Move } from '../../../server/rollouts/start-move.ts';
import { addDevices, addRelease, startFleet, type Fleet } from '../../support/fleet.ts';

let fleet: Fleet;
let good: string;
let bad: string;

beforeEach(async () => {
  fleet = await startFleet();
  good = await addRelease(fleet, '1.0.0');
  bad = await addRelease(fleet, '1.1.0');
  await fleet.db
    .updateTable('releases')
    .set({ state: 'recalled', recall_reason: 'eats the flash', move_to: '1.0.0' })
    .where('manifest_sha256', '=', bad)
    .execute();
});

/** A device says that it runs a release. */
async function says(device: string, manifest: string): Promise<Move | undefined> {
  await fleet.db
    .updateTable('devices')
    .set({ running_manifest_sha256: manifest })
    .where('id', '=', device)
    .execute();
  const mover = { actor: 'server', deps: fleet };
  return fleet.db.transaction().execute((tx) => moveLatecomer(tx, device, manifest, mover));
}

const rollouts = () => fleet.db.selectFrom('rollouts').selectAll().execute();

describe('a device that reports a recalled release', () => {
  test('is moved, by a rollout that begins with it', async () => {
    await addDevices(fleet, ['d0', 'd1']);

    expect(await says('d0', bad)).toMatchObject({ told: ['d0'] });

    expect(await rollouts()).toMatchObject([{ version: '1.0.0', only_running: bad }]);
    expect(fleet.signed).toEqual(['d0']);
  });

  test('joins the rollout that moves others', async () => {
    await addDevices(fleet, ['d0', 'd1']);
    const first = await says('d0', bad);

    const second = await says('d1', bad);

    expect(second).toEqual({ rollout: first?.rollout, told: [] });
    const [phase] = await fleet.db.selectFrom('rollout_phases').selectAll().execute();
    expect(phase).toMatchObject({ members: 2 });
  });

  test('is moved once: a device that cannot go is not asked again and again', async () => {
    await addDevices(fleet, ['d0']);
    await says('d0', bad);
    await fleet.db.updateTable('rollouts').set({ state: 'halted' }).execute();

    expect(await says('d0', bad)).toBeUndefined();
    expect(await rollouts()).toHaveLength(1);
  });

  test('waits while another rollout of the product is live', async () => {
    await addDevices(fleet, ['d0']);
    await says('d0', bad);
    await fleet.db.updateTable('rollouts').set({ only_running: null }).execute();
    await addDevices(fleet, ['d1']);

    expect(await says('d1', bad)).toBeUndefined();
  });
});

test('a device that reports a release nobody recalled is left alone', async () => {
  await addDevices(fleet, ['d0']);

  expect(await says('d0', good)).toBeUndefined();
  expect(await rollouts()).toEqual([]);
});

test('a recall that sends nobody anywhere moves nobody', async () => {
  await addDevices(fleet, ['d0']);
  await fleet.db.updateTable('releases').set({ move_to: null }).execute();

  expect(await says('d0', bad)).toBeUndefined();
});
