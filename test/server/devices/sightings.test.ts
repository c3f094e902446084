import { expect, test } from 'vitest';
import { gatherSightings, MAX_BATCH } from '../../../server/devices/sightings.ts';
import { forgetPresence, saveSightings } from '../../../server/devices/sightings-store.ts';
import { startSightings } from '../../../server/devices/sightings-task.ts';
import { addDevices, deviceIds, deviceOf, NOON, startFleet } from '../../support/fleet.ts';

test('a device that was seen a hundred times is written once, as it was last', async () => {
  const fleet = await startFleet();
  await addDevices(fleet, ['a', 'b']);
  const sightings = gatherSightings(fleet.now);
  for (let time = 0; time < 100; time += 1) sightings.note('a', 'online');
  fleet.passes(1_000);
  sightings.note('a');

  const taken = sightings.take();
  await saveSightings(fleet.db, taken);

  expect(taken.size).toBe(1);
  expect(await deviceOf(fleet, 'a')).toMatchObject({
    presence: 'online',
    last_seen_at: '2026-06-01T12:00:01.000Z',
  });
  expect((await deviceOf(fleet, 'b')).last_seen_at).toBeNull();
});

test('sightings are taken in batches, each once', () => {
  const sightings = gatherSightings(() => NOON);
  for (const id of deviceIds(MAX_BATCH + 1)) sightings.note(id);
  expect([sightings.take().size, sightings.take().size, sightings.take().size]).toEqual([
    MAX_BATCH,
    1,
    0,
  ]);
});

test('a device nobody knows changes nothing', async () => {
  const fleet = await startFleet();
  await saveSightings(fleet.db, new Map([['x', { seenAt: NOON, presence: 'online' }]]));
  expect(await fleet.db.selectFrom('devices').selectAll().execute()).toEqual([]);
});

test('stopping writes what is left, and a write that fails is told and not fatal', async () => {
  const sightings = gatherSightings(() => NOON);
  const failures: unknown[] = [];
  const saved: string[] = [];
  let works = false;
  const start = () =>
    startSightings({
      sightings,
      save: (taken) => {
        if (!works) return Promise.reject(new Error('disk full'));
        saved.push(...taken.keys());
        return Promise.resolve();
      },
      failed: (cause) => failures.push(cause),
    });

  sightings.note('a');
  await start().stop();
  works = true;
  sightings.note('b');
  await start().stop();

  expect(failures).toHaveLength(1);
  expect(saved).toEqual(['b']);
});

test('when the server starts nobody is online', async () => {
  const fleet = await startFleet();
  await addDevices(fleet, ['a'], { presence: 'online' });
  await forgetPresence(fleet.db);
  expect((await deviceOf(fleet, 'a')).presence).toBe('offline');
});
