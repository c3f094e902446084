import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { manifestBytes, type ManifestFile } from '../../shared/release/manifest.ts';
import { openBlobFolder, type BlobFolder } from '../../server/blobs/blob-folder.ts';
import { findBlob, saveBlob } from '../../server/blobs/blob-store.ts';
import { blobDocuments } from '../../server/releases/blob-documents.ts';
import { openDatabase } from '../../server/database/open-database.ts';
import type { Database } from '../../server/database/schema.ts';
import { tryDirector } from '../../server/director/try-director.ts';
import { findAmong, type FindSigner } from '../../server/keys/key-ring.ts';
import { allPublicKeys, publicKeysOf, type OnlineKeys } from '../../server/keys/online-keys.ts';
import { publishRelease } from '../../server/ceremonies/publish-release-store.ts';
import { registerProduct } from '../../server/ceremonies/register-product-store.ts';
import type { PublishOutcome } from '../../server/releases/publish-outcome.ts';
import type { RegisterOutcome } from '../../server/repository/registration.ts';
import { foundTrust } from '../../server/repository/trust-store.ts';
import {
  directorRootText,
  imageRootText,
  imageTargetsText,
  productTargetsText,
} from './authority.ts';
import { testKey } from './test-key.ts';
import type { TestRelease } from './test-release.ts';

/** When these tests play, unless they say otherwise. */
export const PUBLISHED_AT = new Date('2026-06-01T12:00:00Z');

/** The online keys of a test server. */
export const SERVER_KEYS: OnlineKeys = {
  image: { snapshot: testKey('image snapshot'), timestamp: testKey('image timestamp') },
  director: {
    targets: testKey('director targets'),
    snapshot: testKey('director snapshot'),
    timestamp: testKey('director timestamp'),
  },
};

/** The same keys as the server looks for them. */
export const FIND_SIGNER: FindSigner = findAmong([
  { role: 'image/snapshot', signer: SERVER_KEYS.image.snapshot },
  { role: 'image/timestamp', signer: SERVER_KEYS.image.timestamp },
  { role: 'director/targets', signer: SERVER_KEYS.director.targets },
  { role: 'director/snapshot', signer: SERVER_KEYS.director.snapshot },
  { role: 'director/timestamp', signer: SERVER_KEYS.director.timestamp },
]);

/** The publishing half of a server on a real database and real files, without HTTP. */
export interface PublishingServer {
  readonly db: Database;
  readonly blobs: BlobFolder;
  readonly upload: (release: TestRelease) => Promise<void>;
  readonly publish: (offered: OfferedTexts) => Promise<PublishOutcome>;
  readonly register: (product: string, imageTargets: string) => Promise<RegisterOutcome>;
}

interface OfferedTexts {
  readonly manifest: string;
  readonly role: string;
}

/** A server with trust founded and the product `gateway` (boards rpi4 and rpi5) registered. */
export async function publishingServer(now = PUBLISHED_AT): Promise<PublishingServer> {
  const db = await openDatabase(':memory:');
  const blobs = await openBlobFolder(await mkdtemp(join(tmpdir(), 'sealift-blobs-')));
  await foundForTests(db, now);
  const server: PublishingServer = {
    db,
    blobs,
    upload: async (release) => {
      for (const { mediaType, bytes } of release.blobs) {
        const sha256 = sha256Hex(bytes);
        await blobs.put(sha256, [bytes].values() as unknown as AsyncIterable<Uint8Array>, 1e9);
        await saveBlob(db, { sha256, length: bytes.length, mediaType }, now);
      }
    },
    publish: (offered) =>
      publishRelease(offered, {
        db,
        ...groundAt(now),
        ...blobDocuments(blobs, (sha256) => findBlob(db, sha256)),
      }),
    register: async (product, imageTargets) =>
      registerProduct(
        db,
        {
          product,
          hardwareIds: ['rpi4', 'rpi5'],
          imageTargets,
          role: await productTargetsText(product, 1, []),
        },
        groundAt(now),
      ),
  };
  const registered = await server.register('gateway', await imageTargetsText(2, ['gateway']));
  if (registered.kind !== 'registered') throw new Error(`setup: ${registered.kind}`);
  return server;
}

/** Founds trust by the test author. */
export async function foundForTests(db: Database, now: Date): Promise<void> {
  const online = publicKeysOf(SERVER_KEYS);
  const founded = await foundTrust(
    db,
    {
      imageRoot: await imageRootText(online),
      imageTargets: await imageTargetsText(1, []),
      directorRoot: await directorRootText(online),
    },
    {
      ...groundAt(now),
    },
  );
  if (founded.kind !== 'founded') throw new Error(`setup: ${founded.kind}`);
}

/** The exact text of a manifest. */
export function manifestText(manifest: ManifestFile): string {
  return Buffer.from(manifestBytes(manifest)).toString('utf8');
}

function groundAt(now: Date) {
  const online = allPublicKeys(publicKeysOf(SERVER_KEYS));
  return {
    actor: 'operator:test',
    now,
    findSigner: FIND_SIGNER,
    online,
    tryDirector: (roots: Parameters<typeof tryDirector>[0], at: Date) =>
      tryDirector(roots, at, FIND_SIGNER),
    expireBundles: () => Promise.resolve(),
    newId: () => 'rollout-of-a-test',
    signAssignments: () => Promise.resolve(),
    expireAssigned: () => Promise.resolve(),
  };
}
