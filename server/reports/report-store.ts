import type { Report, RunningComponent } from '../../shared/protocol/report.ts';
import type { DeviceRow, Tx } from '../database/schema.ts';
import type { AssignmentState } from '../rollouts/counters.ts';
import type { Effects } from './apply-report.ts';
import type { VerifiedReport } from './open-reports.ts';

/** A device as a report finds it, with its assignment and the release of its rollout. */
export interface ReportingDevice {
  readonly id: string;
  readonly state: DeviceRow['state'];
  readonly lastReportNumber: number;
  readonly securityEpoch: number;
  readonly provenManifestSha256: string | null;
  readonly desiredManifestSha256: string | null;
  readonly assignment:
    | {
        readonly rollout: string;
        readonly phase: number;
        readonly state: AssignmentState;
        readonly manifestSha256: string;
      }
    | undefined;
}

/** The device and its current assignment: three reads by key, whatever the size of the fleet. */
export async function findReporting(tx: Tx, id: string): Promise<ReportingDevice | undefined> {
  const row = await tx
    .selectFrom('devices')
    .leftJoin('assignments', (join) =>
      join
        .onRef('assignments.device', '=', 'devices.id')
        .onRef('assignments.rollout', '=', 'devices.rollout'),
    )
    .leftJoin('rollouts', 'rollouts.id', 'assignments.rollout')
    .select([
      'devices.state',
      'devices.last_report_number',
      'devices.security_epoch',
      'devices.proven_manifest_sha256',
      'devices.desired_manifest_sha256',
      'assignments.rollout',
      'assignments.phase',
      'assignments.state as assignmentState',
      'rollouts.manifest_sha256',
    ])
    .where('devices.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    id,
    state: row.state,
    lastReportNumber: row.last_report_number,
    securityEpoch: row.security_epoch,
    provenManifestSha256: row.proven_manifest_sha256,
    desiredManifestSha256: row.desired_manifest_sha256,
    assignment: assignmentOf(row),
  };
}

function assignmentOf(row: {
  readonly rollout: string | null;
  readonly phase: number | null;
  readonly assignmentState: AssignmentState | null;
  readonly manifest_sha256: string | null;
}): ReportingDevice['assignment'] {
  const { rollout, phase, assignmentState: state, manifest_sha256: manifestSha256 } = row;
  if (rollout === null || phase === null || state === null || manifestSha256 === null) {
    return undefined;
  }
  return { rollout, phase, state, manifestSha256 };
}

/** The stored envelope of one report, for comparing a repetition with it. */
export async function findEnvelope(
  tx: Tx,
  device: string,
  number: number,
): Promise<Uint8Array | undefined> {
  const row = await tx
    .selectFrom('reports')
    .select('envelope')
    .where('device', '=', device)
    .where('number', '=', number)
    .executeTakeFirst();
  return row?.envelope;
}

/** Keeps the exact envelopes. */
export async function insertReports(
  tx: Tx,
  device: string,
  reports: readonly VerifiedReport[],
  at: Date,
): Promise<void> {
  const rows = reports.map(({ report, envelope }) => ({
    device,
    number: report.number,
    envelope: Buffer.from(envelope),
    kind: report.event.kind,
    received_at: at.toISOString(),
  }));
  await tx.insertInto('reports').values(rows).execute();
}

/** Copies what runs from the newest report, and what all of them together changed. */
export async function updateDevice(
  tx: Tx,
  newest: Report,
  change: Effects['device'],
  at: Date,
): Promise<void> {
  const { running, number, device } = newest;
  await tx
    .updateTable('devices')
    .set({
      last_report_number: number,
      last_seen_at: at.toISOString(),
      running_manifest_sha256: running?.release.manifestSha256 ?? null,
      running_version: running?.release.version ?? null,
      running_installed_sha256: running?.installedSha256 ?? null,
      running_slot: running?.slot ?? null,
      running_components: jsonOf(running?.components),
      ...columnsOf(change),
    })
    .where('id', '=', device)
    .execute();
}

function columnsOf(
  change: Effects['device'],
): Partial<
  Pick<
    DeviceRow,
    'security_epoch' | 'proven_manifest_sha256' | 'proven_components' | 'desired_manifest_sha256'
  >
> {
  const { securityEpoch, provenManifestSha256, provenComponents, desiredManifestSha256 } = change;
  return {
    ...(securityEpoch !== undefined && { security_epoch: securityEpoch }),
    ...(provenManifestSha256 !== undefined && { proven_manifest_sha256: provenManifestSha256 }),
    ...(provenComponents !== undefined && { proven_components: jsonOf(provenComponents) }),
    ...(desiredManifestSha256 !== undefined && { desired_manifest_sha256: desiredManifestSha256 }),
  };
}

function jsonOf(components: readonly RunningComponent[] | null | undefined): string | null {
  return components === undefined || components === null ? null : JSON.stringify(components);
}
