// A24, A27: the key of one device was taken out of it. It speaks for that device, and for no other.
import { describe, expect, test } from 'vitest';
import { addDevices, assignmentOf, keyOf, report, running, signReport } from '../support/fleet.ts';
import { startReporting, STARTED, type ReportingFleet } from '../support/reporting.ts';
import { fleetToRob } from '../support/robbery.ts';
import { refusal } from '../support/tuf-device.ts';

const STOLEN = keyOf('d0');

/** 2.0.0 is rolled out to two devices; the key of `d0` is somebody else's. */
async function rolledOut(): Promise<{ fleet: ReportingFleet; rollout: string }> {
  const fleet = await startReporting();
  await addDevices(fleet, ['d0', 'd1']);
  return { fleet, rollout: await fleet.rollOut(100) };
}

describe('with the key of one device a thief', () => {
  test('can say in its name that a release runs, and is believed', async () => {
    const { fleet, rollout } = await rolledOut();
    const runs = running('2.0.0', fleet.manifest);
    const lie = await signReport(report('d0', 1, fleet.receipt(), runs), STOLEN);

    expect(await fleet.send('d0', [lie])).toEqual({ kind: 'stored', stored: 1 });

    await fleet.settled();
    expect(await assignmentOf(fleet, rollout, 'd0')).toMatchObject({ state: 'proven' });
  });

  test('cannot say anything in the name of another', async () => {
    const { fleet, rollout } = await rolledOut();
    const runs = running('2.0.0', fleet.manifest);
    const lie = await signReport(report('d1', 1, fleet.receipt(), runs), STOLEN);

    expect(await fleet.send('d1', [lie])).toMatchObject({ kind: 'report_refused' });
    expect(await fleet.send('d0', [lie])).toMatchObject({ kind: 'report_refused' });

    await fleet.settled();
    expect(await fleet.db.selectFrom('reports').selectAll().execute()).toEqual([]);
    expect(await assignmentOf(fleet, rollout, 'd1')).toMatchObject({ state: 'offered' });
    const honest = await signReport(report('d1', 1, STARTED));
    expect(await fleet.send('d1', [honest])).toEqual({ kind: 'stored', stored: 1 });
  });

  test('cannot take back what the device itself has said', async () => {
    const { fleet } = await rolledOut();
    await fleet.send('d0', [await fleet.envelope('d0', 1, STARTED)]);
    const [before] = await fleet.db.selectFrom('reports').selectAll().execute();

    const other = await signReport(report('d0', 1, fleet.failed()), STOLEN);
    expect(await fleet.send('d0', [other])).toMatchObject({ kind: 'report_refused' });

    expect(await fleet.db.selectFrom('reports').selectAll().execute()).toEqual([before]);
  });

  test('cannot sign anything that a device installs', async () => {
    const { fleet, steal } = await fleetToRob();
    fleet.assign(fleet.release('1.0.0'));
    const device = fleet.device();
    await device.verify();
    const before = device.image.files.get('gateway');
    for (const sim of [fleet.image, fleet.director]) {
      for (const [role, signers] of sim.signers) sim.signers.set(role, [...signers, STOLEN]);
    }
    steal('device d0');

    fleet.image.publish();
    fleet.director.publish();

    await expect(device.verify()).rejects.toEqual(refusal('threshold_not_met'));
    expect(device.image.files.get('gateway')).toBe(before);
  });
});
