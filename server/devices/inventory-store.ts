import type { RunningComponent } from '../../shared/protocol/report.ts';
import { DsseSchema, unverifiedPayload } from '../../shared/dsse.ts';
import { z } from 'zod';
import { NoticedAttack } from '../../shared/protocol/noticed.ts';
import { CONDITION_NAMES } from '../../shared/release/conditions.ts';
import { ReportedTime, ReportedVersions } from '../../shared/protocol/standing.ts';
import { ReportSchema, type ReportEvent } from '../../shared/protocol/report.ts';
import type { AssignmentRow, Database, DeviceRow, ReportRow } from '../database/schema.ts';
import type { DeviceState } from './device-state.ts';

/** A device as the API shows it. */
export interface Device {
  readonly id: string;
  readonly product: string;
  readonly hardwareId: string;
  readonly state: DeviceState;
  readonly presence: DeviceRow['presence'];
  readonly enrolledAt: string;
  readonly lastSeenAt: string | null;
  readonly lastReportNumber: number;
  readonly running: {
    readonly version: string;
    readonly manifestSha256: string;
    readonly installedSha256: string | null;
    /** Each component, where its last report lists several. */
    readonly components?: RunningComponent[];
    readonly slot: string;
    readonly securityEpoch: number;
  } | null;
  readonly assignment: {
    readonly rollout: string;
    readonly version: string;
    readonly state: AssignmentRow['state'];
    readonly code: string | null;
    readonly detail: string | null;
    readonly changedAt: string;
  } | null;
  /** What its last report says of its time and its metadata; null from agents of 0.1.0. */
  readonly time: ReportedTime | null;
  readonly metadata: ReportedVersions | null;
  /** The last attack that it noticed on its way to us. */
  readonly noticed: Readonly<z.infer<typeof StoredNotice>> | null;
  /** Why the release that it is assigned has not begun there. */
  readonly waiting: Readonly<z.infer<typeof StoredWaiting>> | null;
}

/** Which devices, and how many. `after` is the id of the last one of the page before. */
export interface Page {
  readonly product?: string | undefined;
  readonly state?: DeviceState | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** One page of devices, by id. */
export async function listDevices(db: Database, page: Page): Promise<readonly Device[]> {
  let query = selectDevices(db).orderBy('devices.id').limit(page.limit);
  if (page.product !== undefined) query = query.where('devices.product', '=', page.product);
  if (page.state !== undefined) query = query.where('devices.state', '=', page.state);
  if (page.after !== undefined) query = query.where('devices.id', '>', page.after);
  return (await query.execute()).map(deviceOf);
}

/** The devices that enrolled last. */
export async function listNewestDevices(db: Database, limit: number): Promise<readonly Device[]> {
  const rows = await selectDevices(db)
    .orderBy('devices.enrolled_at', 'desc')
    .orderBy('devices.id')
    .limit(limit)
    .execute();
  return rows.map(deviceOf);
}

/** One device as the API shows it. */
export async function showDevice(db: Database, id: string): Promise<Device | undefined> {
  const row = await selectDevices(db).where('devices.id', '=', id).executeTakeFirst();
  return row && deviceOf(row);
}

/** A stored report, opened. */
export interface StoredReport {
  readonly number: number;
  readonly kind: string;
  readonly receivedAt: string;
  readonly event: ReportEvent;
}

/** The last reports of a device, newest first. */
export async function listLastReports(
  db: Database,
  device: string,
  limit: number,
): Promise<readonly StoredReport[]> {
  const rows = await db
    .selectFrom('reports')
    .selectAll()
    .where('device', '=', device)
    .orderBy('number', 'desc')
    .limit(limit)
    .execute();
  return rows.map(reportOf);
}

function reportOf({ number, kind, received_at: receivedAt, envelope }: ReportRow): StoredReport {
  const dsse = DsseSchema.parse(JSON.parse(envelope.toString('utf8')));
  const payload: unknown = JSON.parse(Buffer.from(unverifiedPayload(dsse)).toString('utf8'));
  return { number, kind, receivedAt, event: ReportSchema.parse(payload).event };
}

// What it returns is only known to the query builder; naming it would repeat the select.
function selectDevices(db: Database) {
  return db
    .selectFrom('devices')
    .leftJoin('assignments', (join) =>
      join
        .onRef('assignments.device', '=', 'devices.id')
        .onRef('assignments.rollout', '=', 'devices.rollout'),
    )
    .leftJoin('rollouts', 'rollouts.id', 'assignments.rollout')
    .leftJoin('device_signals', 'device_signals.device', 'devices.id')
    .selectAll('devices')
    .select([
      'device_signals.clock',
      'device_signals.verified_time',
      'device_signals.metadata',
      'device_signals.notice',
      'device_signals.waiting',
      'rollouts.version as assignedVersion',
      'assignments.state as assignmentState',
      'assignments.code',
      'assignments.detail',
      'assignments.changed_at as changedAt',
    ]);
}

interface JoinedRow extends DeviceRow {
  readonly assignedVersion: string | null;
  readonly assignmentState: AssignmentRow['state'] | null;
  readonly code: string | null;
  readonly detail: string | null;
  readonly changedAt: string | null;
  readonly clock: string | null;
  readonly verified_time: string | null;
  readonly metadata: string | null;
  readonly notice: string | null;
  readonly waiting: string | null;
}

function deviceOf(row: JoinedRow): Device {
  return {
    id: row.id,
    product: row.product,
    hardwareId: row.hardware_id,
    state: row.state,
    presence: row.presence,
    enrolledAt: row.enrolled_at,
    lastSeenAt: row.last_seen_at,
    lastReportNumber: row.last_report_number,
    running: runningOf(row),
    assignment: assignmentOf(row),
    ...signalsOf(row),
  };
}

/** Written by us from reports that were checked, so it reads as it was written. */
function signalsOf({
  clock,
  verified_time,
  metadata,
  notice,
  waiting,
}: JoinedRow): Pick<Device, 'time' | 'metadata' | 'noticed' | 'waiting'> {
  return {
    time: clock === null ? null : ReportedTime.parse({ verified: verified_time, clock }),
    metadata: metadata === null ? null : ReportedVersions.parse(JSON.parse(metadata)),
    noticed: notice === null ? null : StoredNotice.parse(JSON.parse(notice)),
    waiting: waiting === null ? null : StoredWaiting.parse(JSON.parse(waiting)),
  };
}

const StoredWaiting = z.object({
  version: z.string(),
  manifestSha256: z.string(),
  reasons: z.array(z.object({ condition: z.enum(CONDITION_NAMES), detail: z.string() })),
  receivedAt: z.string(),
});

const StoredNotice = z.object({
  attack: NoticedAttack,
  since: z.string(),
  times: z.int(),
  code: z.string(),
  detail: z.string(),
  receivedAt: z.string(),
});

function runningOf(row: JoinedRow): Device['running'] {
  const { running_version: version, running_manifest_sha256: manifestSha256 } = row;
  const { running_slot: slot, running_installed_sha256: installedSha256 } = row;
  if (version === null || manifestSha256 === null || slot === null) return null;
  const { running_components: components, security_epoch: securityEpoch } = row;
  return {
    ...{ version, manifestSha256, installedSha256, slot, securityEpoch },
    ...(components !== null && { components: JSON.parse(components) as RunningComponent[] }),
  };
}

function assignmentOf(row: JoinedRow): Device['assignment'] {
  const { rollout, assignedVersion: version, assignmentState: state, changedAt } = row;
  if (rollout === null || version === null || state === null || changedAt === null) return null;
  return { rollout, version, state, code: row.code, detail: row.detail, changedAt };
}
