import { MEDIA_TYPES } from '../../shared/protocol/media-types.ts';
import { appendAudit } from '../audit/audit-store.ts';
import type { Database, DirectorBundleRow, Tx } from '../database/schema.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { assignedTargets } from './assigned-target-store.ts';
import { bundleCache, type BundleCache, type ReadyBundle } from './bundle-cache.ts';
import {
  expireBundles,
  expireBundlesOf,
  findBundle,
  listExpiring,
  signBundles,
} from './bundle-store.ts';
import { carryWords, type Carried, type CarryGround, type Carrying } from './carry-words-store.ts';
import { DIRECTOR_LIFE } from './director-files.ts';
import { rememberSigners } from './director-signers.ts';

export interface DirectorDeps {
  readonly db: Database;
  readonly now: () => Date;
  readonly findSigner: FindSigner;
  /** Memory for bundles that are ready to be sent. */
  readonly cacheBytes: number;
}

/** Who tells each device what to run. */
export interface Director {
  /** The bundle that is ready to be sent; undefined when it has to be loaded or signed. Touches no disk. */
  readonly ready: (deviceId: string) => ReadyBundle | undefined;
  /** The current bundle, signed now if there is none yet; undefined for a device that does not exist. */
  readonly current: (deviceId: string) => Promise<ReadyBundle | undefined>;
  /** A bundle signed for this request, repeating the device's nonce. */
  readonly withNonce: (deviceId: string, nonce: string) => Promise<ReadyBundle | undefined>;
  /** Signs anew, in the transaction that changed what the devices should run. */
  readonly signAssignments: (tx: Tx, deviceIds: readonly string[]) => Promise<void>;
  /**
   * Lets every bundle count as expired, in the transaction that changed under what they were signed: each
   * is signed anew by {@link Director.renewSome}, or when its device asks.
   */
  readonly expireAll: (tx: Tx) => Promise<void>;
  /** The same for the bundles that name a release, of which the author says something else now. */
  readonly expireAssigned: (tx: Tx, manifestSha256: string) => Promise<void>;
  /** Signs words to be carried to devices; their bundles over the network are signed anew above them. */
  readonly carry: (wish: Carrying) => Promise<Carried>;
  /** Signs anew the most urgent bundles that are half way to their expiry; answers whose. */
  readonly renewSome: (limit: number) => Promise<readonly string[]>;
}

/** The director over a database. One per process: it remembers what is ready to be sent. */
export function openDirector({ db, now, findSigner, cacheBytes }: DirectorDeps): Director {
  const cache = bundleCache(cacheBytes);
  const findTarget = assignedTargets();
  const signersUnder = rememberSigners(findSigner);
  const sign = async (tx: Tx, deviceIds: readonly string[], nonce?: string): Promise<void> => {
    await signBundles(tx, deviceIds, { now: now(), signersUnder, findTarget, nonce });
    // Already here: until the commit nobody else reads, because a transaction holds the connection.
    for (const deviceId of deviceIds) cache.forget(deviceId);
  };
  const signNow = (deviceId: string, nonce?: string): Promise<ReadyBundle | undefined> =>
    db.transaction().execute(async (tx) => {
      await sign(tx, [deviceId], nonce);
      return readyOf(await findBundle(tx, deviceId));
    });
  const stored = (deviceId: string): Promise<ReadyBundle | undefined> =>
    cache.fill(deviceId, async () => readyOf(await findBundle(db, deviceId)));
  const isFresh = ({ renewAt }: ReadyBundle): boolean => renewAt > now().getTime();
  return {
    ready: (deviceId) => {
      const bundle = cache.get(deviceId);
      return bundle !== undefined && isFresh(bundle) ? bundle : undefined;
    },
    current: async (deviceId) => {
      const bundle = await stored(deviceId);
      if (bundle !== undefined && isFresh(bundle)) return bundle;
      await signNow(deviceId);
      return stored(deviceId);
    },
    withNonce: (deviceId, nonce) => signNow(deviceId, nonce),
    signAssignments: (tx, deviceIds) => sign(tx, deviceIds),
    expireAll: async (tx) => {
      await expireBundles(tx);
      cache.forgetAll();
    },
    expireAssigned: async (tx, manifestSha256) => {
      await expireBundles(tx, manifestSha256);
      cache.forgetAll();
    },
    carry: (wish) => carryNow(db, wish, { now: now(), signersUnder, findTarget }, cache),
    renewSome: async (limit) => {
      const halfLifeLeft = new Date(now().getTime() + DIRECTOR_LIFE / 2);
      const deviceIds = await listExpiring(db, halfLifeLeft, limit);
      if (deviceIds.length > 0) await db.transaction().execute((tx) => sign(tx, deviceIds));
      return deviceIds;
    },
  };
}

/** In one transaction: the words, their audit entry, and that what was told before is old now. */
function carryNow(
  db: Database,
  wish: Carrying,
  ground: Omit<CarryGround, 'appendAudit'>,
  cache: Pick<BundleCache, 'forget'>,
): Promise<Carried> {
  return db.transaction().execute(async (tx) => {
    const carried = await carryWords(tx, wish, { ...ground, appendAudit });
    if (carried.kind === 'signed') await expireBundlesOf(tx, wish.devices);
    for (const device of wish.devices) cache.forget(device);
    return carried;
  });
}

function readyOf(row: DirectorBundleRow | undefined): ReadyBundle | undefined {
  if (row === undefined) return undefined;
  const caching = { ETag: row.etag, 'Cache-Control': 'private, no-cache' };
  return {
    etag: row.etag,
    bytes: new Uint8Array(row.bytes),
    renewAt: Date.parse(row.expires_at) - DIRECTOR_LIFE / 2,
    ok: { status: 200, headers: { ...caching, 'Content-Type': MEDIA_TYPES.assignment } },
    notModified: { status: 304, headers: caching },
  };
}
