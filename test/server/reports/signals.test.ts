import { beforeEach, describe, expect, test } from 'vitest';
import { showDevice } from '../../../server/devices/inventory-store.ts';
import type { Noticed } from '../../../shared/protocol/noticed.ts';
import type { Report, ReportEvent } from '../../../shared/protocol/report.ts';
import { addDevices, NOON, report, signReport } from '../../support/fleet.ts';
import { startReporting, STARTED, type ReportingFleet } from '../../support/reporting.ts';

let world: ReportingFleet;
beforeEach(async () => {
  world = await startReporting();
  await addDevices(world, ['d0']);
});

const VERSIONS = { root: null, timestamp: 7, snapshot: 7, targets: 3 };
const STANDING: Pick<Report, 'time' | 'metadata'> = {
  time: { verified: '2026-06-01T11:00:00.000Z', clock: 'before_floor' },
  metadata: { image: VERSIONS, director: { ...VERSIONS, root: 2 } },
};
const SLOW: Noticed = {
  kind: 'noticed',
  attack: 'slow_retrieval',
  since: '2026-06-01T10:00:00.000Z',
  times: 3,
  code: 'slow_retrieval',
  detail: '60 bytes in 60 s are too few',
};

async function tell(
  number: number,
  event: ReportEvent,
  standing: object = STANDING,
): Promise<void> {
  const envelope = await signReport({ ...report('d0', number, event), ...standing });
  expect(await world.send('d0', [envelope])).toEqual({ kind: 'stored', stored: number });
}

describe('what a device says beside what happened', () => {
  test('is kept, and shown with the device', async () => {
    await tell(1, STARTED);

    expect(await showDevice(world.db, 'd0')).toMatchObject({ ...STANDING, noticed: null });
  });

  test('is what its newest report says', async () => {
    await tell(1, STARTED);
    const time = { verified: '2026-06-01T12:00:00.000Z', clock: 'trusted' };
    await tell(2, STARTED, { ...STANDING, time });

    expect((await showDevice(world.db, 'd0'))?.time).toEqual(time);
  });

  test('may be nothing, as from an agent of 0.1.0', async () => {
    await tell(1, STARTED, {});

    expect(await showDevice(world.db, 'd0')).toMatchObject({ time: null, metadata: null });
  });

  test('is no proof: nothing of an assignment moves', async () => {
    const rollout = await world.rollOut(100);
    await tell(1, SLOW);

    const states = await world.db
      .selectFrom('assignments')
      .select('state')
      .where('rollout', '=', rollout)
      .execute();
    expect(states).toEqual([{ state: 'offered' }]);
  });
});

describe('an attack that a device noticed', () => {
  test('is shown with the device and goes to the log, once', async () => {
    const envelope = await signReport({ ...report('d0', 1, SLOW), ...STANDING });
    await world.send('d0', [envelope]);
    await world.send('d0', [envelope]);

    const { attack, since, times, code, detail } = SLOW;
    const notice = { attack, since, times, code, detail, receivedAt: NOON.toISOString() };
    expect((await showDevice(world.db, 'd0'))?.noticed).toEqual(notice);
    expect(world.noticed).toEqual([{ ...SLOW, device: 'd0', receivedAt: NOON.toISOString() }]);
  });

  test('stays the last one until there is another', async () => {
    await tell(1, SLOW);
    await tell(2, STARTED);
    expect((await showDevice(world.db, 'd0'))?.noticed?.attack).toBe('slow_retrieval');

    await tell(3, { ...SLOW, attack: 'cut_off', code: 'server_unreachable' });
    expect((await showDevice(world.db, 'd0'))?.noticed?.attack).toBe('cut_off');
  });

  test.each([
    ['no time', { since: 'yesterday' }],
    ['an attack nobody knows', { attack: 'aliens' }],
    ['a count of none', { times: 0 }],
    ['a code without end', { code: 'x'.repeat(65) }],
  ])('is refused with %s', async (_name, change) => {
    const event = { ...SLOW, ...change } as Noticed;
    const envelope = await signReport({ ...report('d0', 1, event), ...STANDING });

    expect((await world.send('d0', [envelope])).kind).toBe('report_refused');
  });
});
