import { beforeEach, describe, expect, test } from 'vitest';
import { showDevice } from '../../../server/devices/inventory-store.ts';
import type { ReportEvent } from '../../../shared/protocol/report.ts';
import { addDevices, NOON, report, signReport } from '../../support/fleet.ts';
import { startReporting, STARTED, type ReportingFleet } from '../../support/reporting.ts';

let world: ReportingFleet;
beforeEach(async () => {
  world = await startReporting();
  await addDevices(world, ['d0']);
});

const release = { product: 'gateway', version: '1.0.0', manifestSha256: '1'.repeat(64) };
const REASONS = [{ condition: 'battery' as const, detail: '12 %, 40 % are asked' }];
const WAITING: ReportEvent = { kind: 'waiting', release, reasons: REASONS };

async function tell(first: number, ...events: readonly ReportEvent[]): Promise<void> {
  const envelopes = await Promise.all(
    events.map((event, at) => signReport(report('d0', first + at, event))),
  );
  const stored = first + events.length - 1;
  expect(await world.send('d0', envelopes)).toEqual({ kind: 'stored', stored });
}
const shown = async () => (await showDevice(world.db, 'd0'))?.waiting;

describe('a device that waits for the conditions of its release', () => {
  test('is shown with the reasons, until it says something else of an update', async () => {
    expect(await shown()).toBeNull();
    await tell(1, STARTED, WAITING);

    const { version, manifestSha256 } = release;
    const receivedAt = NOON.toISOString();
    expect(await shown()).toEqual({ version, manifestSha256, reasons: REASONS, receivedAt });

    await tell(3, STARTED);
    expect(await shown()).toMatchObject({ reasons: REASONS });
    await tell(4, { kind: 'stage', release, stage: 'downloading' });
    expect(await shown()).toBeNull();
  });

  test.each<[string, ReportEvent]>([
    ['waits for nothing any more', { kind: 'waiting', release, reasons: [] }],
    ['has failed', { kind: 'failed', release, stage: 'downloading', reason: 'disk', detail: '' }],
  ])('is not shown once it %s, be it in the same message', async (_name, event) => {
    await tell(1, WAITING, event);
    expect(await shown()).toBeNull();
  });

  test('is shown with the latest of several reasons', async () => {
    const reasons = [{ condition: 'window' as const, detail: 'it is 12:00' }];
    await tell(1, WAITING, { ...WAITING, reasons });
    expect(await shown()).toMatchObject({ reasons });
  });

  test('is not counted as failed, nor as begun', async () => {
    const rollout = await world.rollOut(100);
    await tell(1, WAITING);

    const states = world.db.selectFrom('assignments').select('state');
    expect(await states.where('rollout', '=', rollout).execute()).toEqual([{ state: 'offered' }]);
  });
});
