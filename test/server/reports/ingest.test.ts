import { beforeEach, describe, expect, test } from 'vitest';
import type { Receipt } from '../../../server/reports/receive-reports.ts';
import { rolloutDesk } from '../../../server/rollouts/rollout-desk.ts';
import {
  addDevices,
  assignmentOf,
  deviceIds,
  deviceOf,
  report,
  running,
  signReport,
} from '../../support/fleet.ts';
import { startReporting, STARTED, type ReportingFleet } from '../../support/reporting.ts';

let world: ReportingFleet;
beforeEach(async () => {
  world = await startReporting();
});

async function proves(device: string, number = 1): Promise<Receipt> {
  return world.send(device, [await world.envelope(device, number, world.receipt())]);
}

describe('reports', () => {
  test('are stored with what they mean, and the answer is the highest number', async () => {
    await addDevices(world, deviceIds(2));
    const id = await world.rollOut(100);

    const answer = await world.send('d0', [
      await world.envelope('d0', 1, world.stage('installing')),
      await world.envelope('d0', 2, world.stage('trial')),
      await world.envelope('d0', 3, world.receipt()),
    ]);

    expect(answer).toEqual({ kind: 'stored', stored: 3 });
    expect(await assignmentOf(world, id, 'd0')).toMatchObject({ state: 'proven' });
    expect(await deviceOf(world, 'd0')).toMatchObject({
      last_report_number: 3,
      running_version: '2.0.0',
      proven_manifest_sha256: world.manifest,
      security_epoch: 1,
      last_seen_at: world.now().toISOString(),
    });
  });

  test('keep the exact payload that was signed', async () => {
    await addDevices(world, ['d0']);
    const sent = await world.envelope('d0', 1, STARTED);

    await world.send('d0', [sent]);

    const row = await world.db.selectFrom('reports').selectAll().executeTakeFirstOrThrow();
    expect(JSON.parse(row.envelope.toString())).toEqual(sent);
  });

  test('sent twice count once', async () => {
    await addDevices(world, deviceIds(3));
    const id = await world.rollOut(100);
    const envelopes = [await world.envelope('d0', 1, world.failed())];

    await world.send('d0', envelopes);
    const again = await world.send('d0', envelopes);

    expect(again).toEqual({ kind: 'stored', stored: 1 });
    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({ phases: [{ failed: 1 }] });
  });

  test('stop at a gap, and go on when it is filled', async () => {
    await addDevices(world, ['d0']);
    const [one, two, three] = await Promise.all([
      world.envelope('d0', 1, STARTED),
      world.envelope('d0', 2, STARTED),
      world.envelope('d0', 3, STARTED),
    ]);

    expect(await world.send('d0', [one, three])).toEqual({ kind: 'stored', stored: 1 });
    expect(await world.send('d0', [three])).toEqual({ kind: 'stored', stored: 1 });
    expect(await world.send('d0', [three, two])).toEqual({ kind: 'stored', stored: 3 });
  });

  test('of the same number with another content are refused, and nothing is stored', async () => {
    await addDevices(world, ['d0']);
    await world.send('d0', [await world.envelope('d0', 1, STARTED)]);

    const other = await signReport({ ...report('d0', 1, STARTED), bootId: 'boot-2' });
    const answer = await world.send('d0', [other, await world.envelope('d0', 2, STARTED)]);

    expect(answer).toMatchObject({ kind: 'report_refused' });
    expect((await deviceOf(world, 'd0')).last_report_number).toBe(1);
  });

  test('are refused of a device that was retired while its token was good', async () => {
    await addDevices(world, ['d0'], { state: 'retired' });
    await addDevices(world, ['d1']);
    expect(await world.send('d0', [await world.envelope('d0', 1, STARTED)])).toMatchObject({
      kind: 'report_refused',
    });
    expect(await world.send('d1', [await world.envelope('d1', 1, STARTED)])).toMatchObject({
      kind: 'stored',
    });
  });

  test('of many devices at once are all stored', async () => {
    await addDevices(world, deviceIds(150));
    const id = await world.rollOut(100);

    const answers = await Promise.all(deviceIds(150).map((device) => proves(device)));

    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set(['{"kind":"stored","stored":1}']),
    );
    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({
      state: 'completed',
      phases: [{ proven: 150 }],
    });
  });

  test('are not lost to a neighbour whose message cannot be stored', async () => {
    const broken = new Set(['d1']);
    world = await startReporting({
      signAssignments: (_tx, ids) =>
        ids.some((id) => broken.has(id)) ? Promise.reject(new Error('disk')) : Promise.resolve(),
    });
    await addDevices(world, ['d0', 'd1', 'd2']);
    broken.clear();
    await world.rollOut(100);
    broken.add('d1');
    const send = async (device: string): Promise<Receipt> =>
      world.send(device, [
        await world.envelope(device, 1, device === 'd1' ? world.failed() : STARTED),
      ]);

    const answers = await Promise.allSettled(['d0', 'd1', 'd2'].map(send));

    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await deviceOf(world, 'd1')).last_report_number).toBe(0);
  });
});

describe('a rollout', () => {
  test('opens its next phase in the transaction of the receipt', async () => {
    await addDevices(world, deviceIds(5));
    const id = await world.rollOut(20, 100);
    const [first] = await offered(id);

    await proves(first ?? '');

    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({
      phase: 1,
      phases: [{ proven: 1 }, { offered: 4 }],
    });
    await world.settled();
    expect(world.announced.toSorted()).toEqual((await offered(id)).toSorted());
  });

  test('halts in the transaction of the failure, and the others never get the release', async () => {
    await addDevices(world, deviceIds(5));
    const id = await world.rollOut(20, 100);
    const [first = ''] = await offered(id);

    await world.send(first, [await world.envelope(first, 1, world.failed())]);

    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({ state: 'halted' });
    const desired = await world.db
      .selectFrom('devices')
      .select('desired_manifest_sha256')
      .execute();
    expect(desired.every((row) => row.desired_manifest_sha256 === null)).toBe(true);
    expect(world.signed).toEqual([first]);
  });

  test('does not count a device any more that falls back, even after it has completed', async () => {
    await addDevices(world, ['d0']);
    const id = await world.rollOut(100);
    await proves('d0');
    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({ state: 'completed' });

    const fell = report('d0', 2, STARTED, running('1.0.0', 'a'.repeat(64)));
    await world.send('d0', [await signReport(fell)]);

    expect(await rolloutDesk(world).findRollout(id)).toMatchObject({
      state: 'completed',
      phases: [{ proven: 0, failed: 1 }],
    });
    expect(await assignmentOf(world, id, 'd0')).toMatchObject({
      state: 'rolled_back',
      code: 'drift',
    });
  });

  async function offered(id: string): Promise<string[]> {
    const rows = await world.db
      .selectFrom('assignments')
      .select('device')
      .where('rollout', '=', id)
      .where('state', '=', 'offered')
      .execute();
    return rows.map(({ device }) => device);
  }
});
