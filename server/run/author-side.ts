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
import { isBlobRecalled, runningOn } from '../releases/recall-store.ts';
import { findManifest, findRelease, listReleases } from '../releases/release-store.ts';
import { servedFiles } from '../repository/image-files.ts';
import { findFile } from '../repository/metadata-store.ts';
import { readExpiry } from '../repository/expiry-store.ts';
import { namedKeys } from '../repository/named-keys-store.ts';
import { nextKeys } from '../repository/next-keys-store.ts';
import { listProducts } from '../repository/product-store.ts';
import { foundTrust, readTrust } from '../repository/trust-store.ts';
import { afterPublication, imageChanged } from './after-publication.ts';
import type { Announcements } from './announcements.ts';
import { changeGround, signingEventsApi } from './ceremony-side.ts';
import type { Ground } from './ground.ts';

type AuthorApi = Pick<
  ApiDeps,
  'audit' | 'blobUpload' | 'trust' | 'products' | 'releases' | 'operators' | 'signingEvents'
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
    signingEvents: signingEventsApi(ground, tell),
  };
}

function trustDeps(ground: Ground, tell: Announcements): AuthorApi['trust'] {
  const { db, now, ring } = ground;
  const { findSigner } = ring;
  return {
    onlineKeys: async () => publicKeysOf(await namedKeys(db, findSigner)),
    nextKeys: (roles, actor) => nextKeys(db, ring, roles, { actor, now: now() }),
    readTrust: () => readTrust(db),
    readExpiry: () => readExpiry(db, now()),
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
  const { db, blobs } = ground;
  const documents = blobDocuments(blobs, (sha256) => findBlob(db, sha256));
  return {
    listReleases: (page) => listReleases(db, page),
    findRelease: (product, version) => findRelease(db, product, version),
    runningOn: (manifestSha256) => runningOn(db, manifestSha256, SHOWN_DEVICES),
    publishRelease: async (release, actor) => {
      const rest = { db, ...changeGround(ground, actor), ...documents };
      const outcome = await publishRelease(release, rest);
      if (outcome.kind !== 'published') return outcome;
      const manifests = [{ bytes: Buffer.from(release.manifest, 'utf8') }];
      await afterPublication(ground, tell, { manifests }, { releases: [outcome.release] });
      return outcome;
    },
  };
}

/** Devices that are named with a release; a fleet of 100,000 has its own list. */
const SHOWN_DEVICES = 1_000;

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
      isRecalled: (sha256) => isBlobRecalled(db, sha256),
      isOperator: (authorization) => isOperator(ground, authorization),
      mayRead: (authorization) => mayReadBlobs(ground, authorization),
    },
  };
}

async function mayReadBlobs(ground: Ground, authorization: string | undefined): Promise<boolean> {
  if (ground.config.publicBlobs) return true;
  if (operatorToken(authorization) !== undefined) return isOperator(ground, authorization);
  return (await ground.auth.authenticate(authorization)).kind === 'device';
}

async function isOperator(
  { db, now }: Ground,
  authorization: string | undefined,
): Promise<boolean> {
  const token = operatorToken(authorization);
  return token !== undefined && (await findOperator(db, token, now())) !== undefined;
}
