import { bundleBytes } from '../../shared/protocol/bundle.ts';
import type { Root } from '../../shared/metadata/root.ts';
import { offlineDays } from '../../shared/trust/offline.ts';
import type { Happening } from '../audit/audit-store.ts';
import type { ReleaseRow, Tx } from '../database/schema.ts';
import { listRoots } from '../repository/metadata-store.ts';
import { readRoot } from '../repository/unverified.ts';
import type { FindAssignedTarget } from './assigned-target-store.ts';
import { newerRootsOf } from './bundle-store.ts';
import { lastCarried } from './carried-store.ts';
import { directorFiles } from './director-files.ts';
import type { SignersUnder } from './director-signers.ts';

/** Words for these devices, to be carried. */
export interface Carrying {
  readonly product: string;
  readonly version: string;
  readonly devices: readonly string[];
  readonly validDays: number;
  readonly actor: string;
}

/** What came of it. */
export type Carried =
  | {
      readonly kind: 'signed';
      readonly validUntil: Date;
      readonly words: readonly { readonly device: string; readonly bundle: string }[];
    }
  | { readonly kind: 'unknown_release' }
  | { readonly kind: 'release_recalled'; readonly reason: string }
  | { readonly kind: 'offline_not_granted'; readonly maxDays: number }
  | { readonly kind: 'device_unfit'; readonly device: string; readonly why: string };

/** What signing them rests on. */
export interface CarryGround {
  readonly now: Date;
  readonly signersUnder: SignersUnder;
  readonly findTarget: FindAssignedTarget;
  readonly appendAudit: (tx: Tx, happening: Happening) => Promise<void>;
}

const DAY_MILLISECONDS = 86_400_000;

/**
 * Signs one word for each device, above whatever it was told before, and remembers it: a device that
 * enrols later goes on from there. Nothing that is offered over the network changes.
 */
export async function carryWords(tx: Tx, wish: Carrying, ground: CarryGround): Promise<Carried> {
  const release = await findRelease(tx, wish);
  if (release === undefined) return { kind: 'unknown_release' };
  if (release.state === 'recalled') {
    return { kind: 'release_recalled', reason: release.recall_reason ?? '' };
  }
  const roots = await listRoots(tx, 'director');
  const newest = roots.at(-1);
  if (newest === undefined) throw new Error('bug: a release and no director root');
  const root = readRoot(newest);
  const maxDays = offlineDays(root);
  if (wish.validDays > maxDays) return { kind: 'offline_not_granted', maxDays };
  const unfit = await findUnfit(tx, wish, release);
  if (unfit !== undefined) return unfit;
  const until = untilOf(root, wish.validDays, ground.now);
  const words = await signAll(tx, { wish, release, until }, ground, {
    signers: ground.signersUnder(newest),
    newerRoots: newerRootsOf(roots),
  });
  await ground.appendAudit(tx, {
    at: ground.now,
    actor: wish.actor,
    action: 'offline_words_signed',
    subject: `release:${wish.product}/${wish.version}`,
    after: { devices: wish.devices, validUntil: until.toISOString() },
  });
  return { kind: 'signed', validUntil: until, words };
}

/** Whole seconds, as TUF dates are; and no word outlives the root that allows it. */
function untilOf(root: Root, validDays: number, now: Date): Date {
  const from = Math.floor(now.getTime() / 1_000) * 1_000;
  return new Date(Math.min(from + validDays * DAY_MILLISECONDS, root.expires.getTime()));
}

type Named = Pick<ReleaseRow, 'manifest_sha256' | 'state' | 'recall_reason' | 'hardware_ids'>;

async function findRelease(tx: Tx, { product, version }: Carrying): Promise<Named | undefined> {
  return tx
    .selectFrom('releases')
    .select(['manifest_sha256', 'state', 'recall_reason', 'hardware_ids'])
    .where('product', '=', product)
    .where('version', '=', version)
    .executeTakeFirst();
}

/** Of devices that are known here; of others nobody knows, and they judge for themselves. */
async function findUnfit(
  tx: Tx,
  { product, devices }: Carrying,
  release: Named,
): Promise<Extract<Carried, { kind: 'device_unfit' }> | undefined> {
  const rows = await tx
    .selectFrom('devices')
    .select(['id', 'product', 'hardware_id', 'state'])
    .where('id', 'in', devices)
    .execute();
  const boards = JSON.parse(release.hardware_ids) as readonly string[];
  for (const { id: device, product: own, hardware_id: board, state } of rows) {
    const unfit = (why: string) => ({ kind: 'device_unfit', device, why }) as const;
    if (own !== product) return unfit(`it is a ${own}`);
    if (!boards.includes(board)) return unfit(`its board is ${board}`);
    if (state === 'rejected' || state === 'retired') return unfit(`it is ${state}`);
  }
  return undefined;
}

interface Signed {
  readonly wish: Carrying;
  readonly release: Named;
  readonly until: Date;
}

async function signAll(
  tx: Tx,
  { wish: { devices }, release: { manifest_sha256 }, until }: Signed,
  { now, findTarget }: CarryGround,
  under: {
    readonly signers: ReturnType<SignersUnder>;
    readonly newerRoots: ReturnType<typeof newerRootsOf>;
  },
): Promise<readonly { readonly device: string; readonly bundle: string }[]> {
  const target = await findTarget(tx, manifest_sha256);
  const told = await lastTold(tx, devices);
  const words: { device: string; bundle: string }[] = [];
  for (const device of devices) {
    const version = (told.get(device) ?? 0) + 1;
    const word = { deviceId: device, version, target, now, carriedUntil: until };
    const files = await directorFiles(word, under.signers);
    const bytes = bundleBytes(new Map([...under.newerRoots, ...files]));
    words.push({ device, bundle: Buffer.from(bytes).toString('utf8') });
    const [signed_at, expires_at] = [now.toISOString(), until.toISOString()];
    await tx
      .insertInto('offline_words')
      .values({ device, version, manifest_sha256, signed_at, expires_at })
      .execute();
  }
  return words;
}

/** The highest version that each was ever told, whichever way. */
async function lastTold(tx: Tx, devices: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const told = new Map(await lastCarried(tx, devices));
  const rows = await tx
    .selectFrom('director_bundles')
    .select(['device', 'version'])
    .where('device', 'in', devices)
    .execute();
  for (const { device, version } of rows) {
    told.set(device, Math.max(version, told.get(device) ?? 0));
  }
  return told;
}
