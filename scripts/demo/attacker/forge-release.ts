import { sha256Hex } from '../../../shared/crypto/digest.ts';
import { signMetadata } from '../../../shared/metadata/sign-metadata.ts';
import { manifestBytes, type ManifestFile } from '../../../shared/release/manifest.ts';
import { manifestPath } from '../../../shared/release/names.ts';
import type { OnlineKeys } from '../../../server/keys/online-keys.ts';
import { imageFileName } from '../../../server/repository/image-file-name.ts';
import { signSnapshot, signTimestamp } from '../../../server/repository/online-files.ts';
import type { AssignedTarget } from '../../../server/director/director-files.ts';
import type { ImageNow } from './image-now.ts';
import { everyKey } from './stolen-keys.ts';

/** A release that no author has signed, and the repository that vouches for it. */
export interface ForgedRelease {
  readonly manifest: Uint8Array;
  readonly artifact: Uint8Array;
  /** The product's role that lists it, signed with every key of the server. */
  readonly role: Uint8Array;
  /** What devices fetch, by name below `/image/`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly target: AssignedTarget;
}

/**
 * Forges with the server's own code and all of its keys: everything is right but the one signature
 * that only the author can make.
 */
export async function forgeRelease(
  genuine: ManifestFile,
  artifact: Uint8Array,
  { timestamp, snapshot, role }: ImageNow,
  keys: OnlineKeys,
): Promise<ForgedRelease> {
  const manifest = manifestBytes(forgedManifest(genuine, artifact));
  const { product, securityEpoch, hardwareIds } = genuine;
  const target: AssignedTarget = {
    path: manifestPath(product, FORGED_VERSION),
    file: {
      length: manifest.length,
      hashes: { sha256: sha256Hex(manifest) },
      custom: { mustMatch: { securityEpoch, hardwareIds, releaseCounter: FORGED_COUNTER } },
    },
  };
  const next = { ...role, version: role.version + 1 };
  const targets = { ...role.targets, [target.path]: target.file };
  const bytes = await signMetadata({ ...next, targets } as never, everyKey(keys));
  const now = new Date();
  const forged = { role: product, version: next.version, bytes, expires: new Date(role.expires) };
  const listed = { version: snapshot.version, listed: snapshot.meta };
  const online = await signSnapshot(listed, [forged], now, keys.image.snapshot);
  const newest = await signTimestamp(timestamp.version, online, now, keys.image.timestamp);
  const files = new Map([
    ['timestamp.json', newest.bytes],
    [imageFileName('snapshot', online.version), online.bytes],
    [imageFileName(product, next.version), bytes],
    [`targets/${product}/${FORGED_VERSION}/${sha256Hex(manifest)}.manifest.json`, manifest],
  ]);
  return { manifest, artifact, role: bytes, files, target };
}

/** What the forger calls it. */
export const FORGED_VERSION = '6.6.6';
/** Newer than anything that the author has numbered. */
const FORGED_COUNTER = 1_000;

function forgedManifest(genuine: ManifestFile, artifact: Uint8Array): ManifestFile {
  const [first] = genuine.artifacts;
  if (first === undefined) throw new Error('bug: a release without an artifact');
  // Without `installed`: that digest would be of the genuine tree.
  const { component, installer, fileName, mediaType } = first;
  const bytes = { sha256: sha256Hex(artifact), length: artifact.length };
  const changed = { component, installer, fileName, mediaType, ...bytes };
  return { ...genuine, version: FORGED_VERSION, artifacts: [changed], attestations: [] };
}
