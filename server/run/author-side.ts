import { listAudit } from '../audit/audit-store.ts';
import { findBlob, saveBlob } from '../blobs/blob-store.ts';
import { tryDirector } from '../director/try-director.ts';
import type { ApiDeps } from '../http/api-routes.ts';
import type { AppDeps } from '../http/app.ts';
import { findOperator } from '../http/operator-token-store.ts';
import { operatorToken } from '../http/operator-auth.ts';
import { publicKeysOf } from '../keys/online-keys.ts';
import { blobDocuments } from '../releases/blob-documents.ts';
import { publishRelease } from '../ceremonies/publish-release-store.ts';
import { registerProduct } from '../ceremonies/register-product-store.ts';
import type { ChangeGround } from '../ceremonies/publish-change-store.ts';
import { findManifest, findRelease, listReleases } from '../releases/release-store.ts';
import { servedFiles } from '../repository/image-files.ts';
import { findFile } from '../repository/metadata-store.ts';
import { namedKeys } from '../repository/named-keys-store.ts';
import { listProducts } from '../repository/product-store.ts';
import { foundTrust, readTrust } from '../repository/trust-store.ts';
import type { Announcements } from './announcements.ts';
import type { Ground } from './ground.ts';

type AuthorApi = Pick<
  ApiDeps,
  'audit' | 'blobUpload' | 'trust' | 'products' | 'releases' | 'operators'
>;

/** The half of the operator API that authors use: what is genuine. */
export function authorApi(ground: Ground, tell: Announcements): AuthorApi {
  const { db, now, blobs, config } = ground;
  return {
    operators: { findOperator: (token) => findOperator(db, token, now()) },
    audit: { listAudit: (page) => listAudit(db, page) },
    blobUpload: {
      now,
      maxBytes: config.maxBlobBytes,
      findBlob: (sha256) => findBlob(db, sha256),
      put: blobs.put,
      saveBlob: (blob, at) => saveBlob(db, blob, at),
    },
    trust: trustDeps(ground, tell),
    products: {
      listProducts: () => listProducts(db),
      registerProduct: async (product, actor) => {
        const outcome = await registerProduct(db, product, changeGround(ground, actor));
        if (outcome.kind === 'registered') await imageChanged(ground, tell);
        return outcome;
      },
    },
    releases: releaseDeps(ground, tell),
  };
}

function trustDeps(ground: Ground, tell: Announcements): AuthorApi['trust'] {
  const { db, now, ring } = ground;
  const { findSigner } = ring;
  return {
    onlineKeys: async () => publicKeysOf(await namedKeys(db, findSigner)),
    readTrust: () => readTrust(db),
    foundTrust: async (founding, actor) => {
      const outcome = await foundTrust(db, founding, {
        actor,
        now: now(),
        findSigner,
        online: ring.publicKeys(),
        tryDirector: (roots, at) => tryDirector(roots, at, findSigner),
      });
      if (outcome.kind === 'founded') await imageChanged(ground, tell);
      return outcome;
    },
  };
}

function releaseDeps(ground: Ground, tell: Announcements): AuthorApi['releases'] {
  const { db, blobs, log } = ground;
  const documents = blobDocuments(blobs, (sha256) => findBlob(db, sha256));
  return {
    listReleases: (page) => listReleases(db, page),
    findRelease: (product, version) => findRelease(db, product, version),
    publishRelease: async (release, actor) => {
      const rest = { db, ...changeGround(ground, actor), ...documents };
      const outcome = await publishRelease(release, rest);
      if (outcome.kind !== 'published') return outcome;
      const { product, version, manifestSha256 } = outcome.release;
      log('release_published', { product, version, manifestSha256 });
      await imageChanged(ground, tell);
      await tell.release(Buffer.from(release.manifest, 'utf8'));
      return outcome;
    },
  };
}

/** What a change of anything that authors sign rests on, at this moment. */
function changeGround({ now, ring, director }: Ground, actor: string): ChangeGround {
  return {
    actor,
    now: now(),
    findSigner: ring.findSigner,
    online: ring.publicKeys(),
    tryDirector: (roots, at) => tryDirector(roots, at, ring.findSigner),
    expireBundles: director.expireAll,
  };
}

async function imageChanged({ imageFiles }: Ground, tell: Announcements): Promise<void> {
  imageFiles.forgetNewest();
  await tell.timestamp();
}

/** What devices fetch of the author's work: metadata, manifests, blobs. */
export function publishedFiles(ground: Ground): Pick<AppDeps, 'image' | 'blobs'> {
  const { db, blobs, config, imageFiles } = ground;
  const directorRoots = servedFiles(
    async (name) => (await findFile(db, 'director', 'root', Number(name)))?.bytes,
  );
  const manifests = servedFiles((sha256) => findManifest(db, sha256));
  return {
    image: {
      readImage: imageFiles.read,
      readDirectorRoot: (version) => directorRoots.read(String(version)),
      readManifest: manifests.read,
      findManifest: async (product, version) =>
        (await findRelease(db, product, version))?.release.manifestSha256,
    },
    blobs: {
      findBlob: (sha256) => findBlob(db, sha256),
      pathOf: blobs.pathOf,
      isPublic: config.publicBlobs,
      accelPrefix: config.blobAccelPrefix,
      mayRead: (authorization) => mayReadBlobs(ground, authorization),
    },
  };
}

async function mayReadBlobs(
  { config, db, now, auth }: Ground,
  authorization: string | undefined,
): Promise<boolean> {
  if (config.publicBlobs) return true;
  const token = operatorToken(authorization);
  if (token !== undefined) return (await findOperator(db, token, now())) !== undefined;
  return (await auth.authenticate(authorization)).kind === 'device';
}
