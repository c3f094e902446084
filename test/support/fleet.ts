import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { signDsse, type Dsse } from '../../shared/dsse.ts';
import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import type { Report, ReportEvent, Running } from '../../shared/protocol/report.ts';
import { manifestBytes, type ManifestFile } from '../../shared/release/manifest.ts';
import { appendAudit } from '../../server/audit/audit-store.ts';
import { openDatabase } from '../../server/database/open-database.ts';
import type {
  AssignmentRow,
  Database,
  DeviceRow,
  RolloutPhaseRow,
} from '../../server/database/schema.ts';
import type { CarryOutDeps } from '../../server/rollouts/carry-out.ts';
import { COUNTS } from '../../server/rollouts/counters.ts';
import { testKey } from './test-key.ts';

/** A real database with one product, and what the server's fleet half needs from outside. */
export interface Fleet extends CarryOutDeps {
  readonly newId: () => string;
  /** Every device signed for, in order. */
  readonly signed: string[];
  /** Every device announced to after a commit, in order. */
  readonly announced: string[];
  /** Moves the clock. */
  readonly passes: (milliseconds: number) => void;
}

export const NOON = new Date('2026-06-01T12:00:00Z');

/** An empty fleet of `gateway`s. */
export async function startFleet(): Promise<Fleet> {
  const db = await openDatabase(':memory:');
  const created_at = NOON.toISOString();
  await db
    .insertInto('products')
    .values({ id: 'gateway', hardware_ids: '["rpi4"]', created_at })
    .execute();
  const signed: string[] = [];
  const announced: string[] = [];
  let time = NOON.getTime();
  let ids = 0;
  return {
    db,
    signed,
    announced,
    appendAudit,
    now: () => new Date(time),
    passes: (milliseconds) => (time += milliseconds),
    newId: () => `rollout-${(ids += 1)}`,
    signAssignments: (_tx, deviceIds) => {
      signed.push(...deviceIds);
      return Promise.resolve();
    },
    announce: (deviceIds) => {
      announced.push(...deviceIds);
      return Promise.resolve();
    },
  };
}

/** Adds accepted devices, or whatever `change` makes them. */
export async function addDevices(
  { db }: Pick<Fleet, 'db'>,
  ids: readonly string[],
  change: Partial<DeviceRow> = {},
): Promise<void> {
  const rows = ids.map((id) => ({ ...deviceRow(id), ...change }));
  for (let at = 0; at < rows.length; at += 500) {
    await db
      .insertInto('devices')
      .values(rows.slice(at, at + 500))
      .execute();
  }
}

/** `count` ids: `d0`, `d1`, ... */
export function deviceIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `d${index}`);
}

/** Publishes a release as its row stands in the database; answers the sha256 of its manifest. */
export async function addRelease(
  { db }: Fleet,
  version: string,
  change: Partial<ManifestFile> = {},
): Promise<string> {
  const manifest = manifestOf(version, change);
  const bytes = Buffer.from(manifestBytes(manifest));
  const manifest_sha256 = sha256Hex(bytes);
  await db
    .insertInto('releases')
    .values({
      product: manifest.product,
      version,
      manifest_sha256,
      manifest: bytes,
      security_epoch: manifest.securityEpoch,
      class: manifest.class,
      hardware_ids: JSON.stringify(manifest.hardwareIds),
      state: 'published',
      published_at: NOON.toISOString(),
      release_counter: 1,
      recalled_at: null,
      recall_reason: null,
      move_to: null,
    })
    .execute();
  return manifest_sha256;
}

/** What `installed.sha256` of a test release's artifact is. */
export function installedOf(version: string): string {
  return sha256Hex(Buffer.from(`installed ${version}`));
}

/** The device's key: the same for the same id. */
export function keyOf(device: string): Signer {
  return testKey(`device ${device}`);
}

/** What a device says runs on it. */
export function running(version: string, manifestSha256: string): Running {
  return {
    release: { product: 'gateway', version, manifestSha256 },
    installedSha256: installedOf(version),
    slot: 'a',
    securityEpoch: 1,
  };
}

/** A report as a device makes it. */
export function report(
  device: string,
  number: number,
  event: ReportEvent,
  runs: Running | null = null,
): Report {
  return {
    schema: 'sealift.report/1',
    device,
    number,
    at: NOON.toISOString(),
    bootId: 'boot-1',
    agent: 'test/1',
    running: runs,
    event,
  };
}

/** A report signed by its device, or by whoever `signer` is. */
export function signReport(content: Report, signer?: Signer): Promise<Dsse> {
  const payload = Buffer.from(JSON.stringify(content), 'utf8');
  return signDsse(MEDIA_TYPES.report, payload, [signer ?? keyOf(content.device)]);
}

/** One assignment. */
export async function assignmentOf(
  { db }: Fleet,
  rollout: string,
  device: string,
): Promise<AssignmentRow | undefined> {
  return db
    .selectFrom('assignments')
    .selectAll()
    .where('rollout', '=', rollout)
    .where('device', '=', device)
    .executeTakeFirst();
}

/** The counters that are kept, and the same counted over the assignments: they must be equal. */
export async function countBoth(
  { db }: Fleet,
  rollout: string,
): Promise<{ readonly kept: readonly Counted[]; readonly counted: readonly Counted[] }> {
  const phases = await db
    .selectFrom('rollout_phases')
    .selectAll()
    .where('rollout', '=', rollout)
    .orderBy('phase')
    .execute();
  const all = await db
    .selectFrom('assignments')
    .selectAll()
    .where('rollout', '=', rollout)
    .execute();
  const kept = phases.map(({ members, offered, proven, failed }) => ({
    members,
    offered,
    proven,
    failed,
  }));
  const counted = phases.map(({ phase }) => count(all.filter((each) => each.phase === phase)));
  return { kept, counted };
}

type Counted = Pick<RolloutPhaseRow, 'members' | 'offered' | 'proven' | 'failed'>;

function count(assignments: readonly AssignmentRow[]): Counted {
  const sum = (field: 'offered' | 'proven' | 'failed'): number =>
    assignments.reduce((total, { state }) => total + COUNTS[state][field], 0);
  return {
    members: assignments.filter(({ code }) => code !== 'device_left').length,
    offered: sum('offered'),
    proven: sum('proven'),
    failed: sum('failed'),
  };
}

/** One device as it is stored. */
export async function deviceOf({ db }: { readonly db: Database }, id: string): Promise<DeviceRow> {
  return db.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

function manifestOf(version: string, change: Partial<ManifestFile>): ManifestFile {
  const bytes = Buffer.from(`firmware ${version}`);
  return {
    schema: 'sealift.manifest/1',
    product: 'gateway',
    version,
    securityEpoch: 1,
    hardwareIds: ['rpi4'],
    class: 'functional',
    artifacts: [
      {
        component: 'rootfs',
        installer: 'archive',
        fileName: 'artifact.tar',
        mediaType: 'application/x-tar',
        sha256: sha256Hex(bytes),
        length: bytes.length,
        installed: { sha256: installedOf(version) },
      },
    ],
    ...change,
  };
}

function deviceRow(id: string): DeviceRow {
  return {
    id,
    public_key: sha256Hex(Buffer.from(id)),
    product: 'gateway',
    hardware_id: 'rpi4',
    state: 'accepted',
    enrolled_at: NOON.toISOString(),
    last_seen_at: null,
    presence: 'offline',
    last_report_number: 0,
    running_manifest_sha256: null,
    running_version: null,
    running_installed_sha256: null,
    running_slot: null,
    running_components: null,
    security_epoch: 0,
    proven_manifest_sha256: null,
    proven_components: null,
    desired_manifest_sha256: null,
    rollout: null,
  };
}
