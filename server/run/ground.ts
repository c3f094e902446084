import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { newSeed } from '../../shared/crypto/ed25519.ts';
import { openBlobFolder, type BlobFolder } from '../blobs/blob-folder.ts';
import type { Config } from '../config.ts';
import { openDatabase } from '../database/open-database.ts';
import type { Database } from '../database/schema.ts';
import { findDevice } from '../devices/device-store.ts';
import { gatherSightings, type Sightings } from '../devices/sightings.ts';
import { openDirector, type Director } from '../director/director-store.ts';
import { deviceAuth, type DeviceAuth } from '../http/device-auth.ts';
import type { LogEvent } from '../http/error-answer.ts';
import { loadOnlineKeys } from '../keys/first-keys.ts';
import { openKeyRing, type KeyRing } from '../keys/key-ring.ts';
import { servedFiles, type ServedFiles } from '../repository/image-files.ts';
import { keyMisfit } from '../repository/key-fit-store.ts';
import { retireKeys } from '../repository/next-keys-store.ts';
import { readImageFile } from '../repository/metadata-store.ts';
import { readTrust } from '../repository/trust-store.ts';

/** What comes from outside the program: clock, chance, log. */
export interface Edge {
  readonly now: () => Date;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly newId: () => string;
  readonly log: LogEvent;
}

/** Everything that is open while the server runs, before anybody can reach it. */
export interface Ground extends Edge {
  readonly config: Config;
  readonly db: Database;
  readonly ring: KeyRing;
  readonly blobs: BlobFolder;
  readonly director: Director;
  readonly auth: DeviceAuth;
  readonly sightings: Sightings;
  readonly imageFiles: ServedFiles;
}

const BUNDLE_CACHE_BYTES = 256 * 1_024 * 1_024;

/** Opens the data folder: keys, database, blobs. Makes what is missing, except for lost keys. */
export async function openGround(config: Config, edge: Edge): Promise<Ground> {
  const { dataDir } = config;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const db = await openDatabase(join(dataDir, 'sealift.db'));
  const ring = await openKeys(join(dataDir, 'keys'), db, edge.log).catch(async (cause: unknown) => {
    await db.destroy();
    throw cause;
  });
  const { now } = edge;
  return {
    ...edge,
    config,
    db,
    ring,
    blobs: await openBlobFolder(join(dataDir, 'blobs')),
    director: openDirector({
      db,
      now,
      findSigner: ring.findSigner,
      cacheBytes: BUNDLE_CACHE_BYTES,
    }),
    auth: deviceAuth({ now, findDevice: (id) => findKnownDevice(db, id) }),
    sightings: gatherSightings(now),
    imageFiles: servedFiles(async (name) => (await readImageFile(db, name))?.bytes),
  };
}

/** The first keys are made before trust is founded, never after: the roots name those that were there. */
async function openKeys(folder: string, db: Database, log: LogEvent): Promise<KeyRing> {
  const { initialised } = await readTrust(db);
  if (!initialised) await loadOnlineKeys(folder, newSeed);
  const ring = await openKeyRing(folder, newSeed);
  const misfit = await keyMisfit(db, ring.findSigner);
  if (misfit !== undefined) {
    throw new Error(
      `a key is missing in ${folder}: ${misfit}; restore keys and database from one backup`,
    );
  }
  const retired = await retireKeys(db, ring);
  if (retired.length > 0) log('online_keys_retired', { keyIds: retired });
  return ring;
}

async function findKnownDevice(
  db: Database,
  id: string,
): ReturnType<Parameters<typeof deviceAuth>[0]['findDevice']> {
  const row = await findDevice(db, id);
  return row && { publicKey: row.public_key, state: row.state };
}
