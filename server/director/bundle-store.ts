import { sha256Hex } from '../../shared/crypto/digest.ts';
import { bundleBytes } from '../../shared/protocol/bundle.ts';
import type { Database, DirectorBundleRow, Tx } from '../database/schema.ts';
import { imageFileName } from '../repository/image-file-name.ts';
import { listRoots } from '../repository/metadata-store.ts';
import type { SignedFile } from '../repository/online-files.ts';
import { lastCarried } from './carried-store.ts';
import type { FindAssignedTarget } from './assigned-target-store.ts';
import { DIRECTOR_LIFE, directorFiles, type DirectorSigners } from './director-files.ts';
import type { SignersUnder } from './director-signers.ts';

/** What signing rests on. */
export interface SigningGround {
  readonly now: Date;
  readonly signersUnder: SignersUnder;
  readonly findTarget: FindAssignedTarget;
  readonly nonce?: string | undefined;
}

/** What all bundles of one moment have in common. */
interface Signing extends Omit<SigningGround, 'signersUnder'> {
  readonly signers: DirectorSigners;
  /** Every root but the first, which devices came with. */
  readonly newerRoots: readonly (readonly [string, Uint8Array])[];
}

/** Well below the number of values that SQLite takes in one statement. */
const DEVICES_A_STATEMENT = 500;

/**
 * Signs for each device what it should run now (`desired_manifest_sha256`), one version above what it
 * was told before. Devices that do not exist are passed over.
 */
export async function signBundles(
  tx: Tx,
  deviceIds: readonly string[],
  ground: SigningGround,
): Promise<void> {
  const roots = await listRoots(tx, 'director');
  const signing: Signing = {
    ...ground,
    signers: ground.signersUnder(roots.at(-1)),
    newerRoots: newerRootsOf(roots),
  };
  for (let at = 0; at < deviceIds.length; at += DEVICES_A_STATEMENT) {
    const ids = deviceIds.slice(at, at + DEVICES_A_STATEMENT);
    const desired = await listDesired(tx, ids);
    const carried = await lastCarried(tx, ids);
    const rows: DirectorBundleRow[] = [];
    for (const device of desired) {
      const before = Math.max(device.version ?? 0, carried.get(device.id) ?? 0);
      rows.push(await signOne(tx, { ...device, version: before }, signing));
    }
    if (rows.length > 0) await saveBundles(tx, rows);
  }
}

/** The roots that a bundle brings: every one but the first, by the names under which it is fetched. */
export function newerRootsOf(roots: readonly SignedFile[]): Signing['newerRoots'] {
  return roots
    .slice(1)
    .map(({ version, bytes }) => [imageFileName('root', version), bytes] as const);
}

/** The newest signed bundle of a device. */
export async function findBundle(
  db: Database,
  deviceId: string,
): Promise<DirectorBundleRow | undefined> {
  return db
    .selectFrom('director_bundles')
    .selectAll()
    .where('device', '=', deviceId)
    .executeTakeFirst();
}

/** Accepted devices whose bundle expires before an instant, the most urgent first. */
export async function listExpiring(
  db: Database,
  before: Date,
  limit: number,
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('director_bundles')
    .innerJoin('devices', 'devices.id', 'director_bundles.device')
    .select('director_bundles.device')
    .where('director_bundles.expires_at', '<=', before.toISOString())
    .where('devices.state', '=', 'accepted')
    .orderBy('director_bundles.expires_at')
    .limit(limit)
    .execute();
  return rows.map(({ device }) => device);
}

interface Desired {
  readonly id: string;
  readonly desired: string | null;
  /** Of the bundle before; null when it was never told anything. */
  readonly version: number | null;
}

async function listDesired(tx: Tx, deviceIds: readonly string[]): Promise<readonly Desired[]> {
  return tx
    .selectFrom('devices')
    .leftJoin('director_bundles', 'director_bundles.device', 'devices.id')
    .select([
      'devices.id',
      'devices.desired_manifest_sha256 as desired',
      'director_bundles.version',
    ])
    .where('devices.id', 'in', deviceIds)
    .execute();
}

async function signOne(
  tx: Tx,
  { id, desired, version: before }: Desired,
  { now, signers, newerRoots, findTarget, nonce }: Signing,
): Promise<DirectorBundleRow> {
  const version = (before ?? 0) + 1;
  const target = desired === null ? undefined : await findTarget(tx, desired);
  const files = await directorFiles({ deviceId: id, version, target, now, nonce }, signers);
  const bytes = Buffer.from(bundleBytes(new Map([...newerRoots, ...files])));
  return {
    device: id,
    version,
    etag: `"${sha256Hex(bytes)}"`,
    bytes,
    manifest_sha256: desired,
    expires_at: new Date(now.getTime() + DIRECTOR_LIFE).toISOString(),
  };
}

/** Lets every bundle, or every one that names a release, count as expired since ever. */
export async function expireBundles(tx: Tx, manifestSha256?: string): Promise<void> {
  await tx
    .updateTable('director_bundles')
    .set({ expires_at: new Date(0).toISOString() })
    .$if(manifestSha256 !== undefined, (query) =>
      query.where('manifest_sha256', '=', manifestSha256 ?? ''),
    )
    .execute();
}

/** The same for the bundles of these devices, which were told something above them. */
export async function expireBundlesOf(tx: Tx, devices: readonly string[]): Promise<void> {
  await tx
    .updateTable('director_bundles')
    .set({ expires_at: new Date(0).toISOString() })
    .where('device', 'in', devices)
    .execute();
}

async function saveBundles(tx: Tx, rows: readonly DirectorBundleRow[]): Promise<void> {
  await tx
    .insertInto('director_bundles')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('device').doUpdateSet((row) => ({
        version: row.ref('excluded.version'),
        etag: row.ref('excluded.etag'),
        bytes: row.ref('excluded.bytes'),
        manifest_sha256: row.ref('excluded.manifest_sha256'),
        expires_at: row.ref('excluded.expires_at'),
      })),
    )
    .execute();
}
