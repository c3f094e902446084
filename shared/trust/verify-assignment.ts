import { sha256Hex } from '../crypto/digest.ts';
import { LIMITS } from '../metadata/limits.ts';
import type { Root } from '../metadata/root.ts';
import type { Manifest } from '../release/manifest.ts';
import { acceptDirectorTargets, type Asked } from './director.ts';
import { findTarget } from './find-target.ts';
import { customOf, requireAgreement, type DeviceFacts } from './join.ts';
import { acceptManifest, readConditions, type NamedTarget } from './manifest.ts';
import { Refusal } from './refusal.ts';
import { followRoots, refresh, refreshBelow } from './refresh.ts';
import { fetchWhole, type Repository } from './repository.ts';
import { stagedStore } from './staged-store.ts';
import { startTime } from './time-floor.ts';

/** Both repositories, who asks, and what it is. The start time in both is the same instant. */
export interface Verification {
  readonly director: Repository;
  readonly image: Repository;
  readonly asked: Asked;
  readonly device: DeviceFacts;
}

/** What a device may do next: nothing, or go on with exactly this release. */
export type Verdict =
  | { readonly kind: 'nothing'; readonly serverTime: Date }
  | {
      readonly kind: 'release';
      readonly serverTime: Date;
      readonly path: string;
      readonly manifest: Manifest;
      readonly manifestSha256: string;
      readonly releaseCounter: number;
    };

/**
 * Uptane 5.4.4.2, full verification, in order: director, image, both agree, manifest, and that the
 * release fits this device. Throws a {@link Refusal}; whatever it throws, nothing may be installed.
 *
 * Steps 7 and 8 (artifact bytes, installer) are the agent's, from the digests of this verdict.
 */
export async function verifyAssignment(verification: Verification): Promise<Verdict> {
  const { director, image, asked, device } = verification;
  const root = await followRoots(director);
  const staged = stagedStore(director.store);
  const { targets } = await refreshBelow({ ...director, store: staged.store }, root);
  const word = acceptDirectorTargets(targets, root, asked);
  // A21: only now. The word for another device is signed as well as ours and may be newer; floors
  // raised by it would make us refuse our own for ever.
  await staged.keep();
  const { target, serverTime } = word;
  if (target === undefined) return { kind: 'nothing', serverTime }; // Uptane 5.4.4.2(6)

  // A9: the director has just said, verified, that it is at least so late. A device without a clock
  // knows no better; what had expired by then, has expired.
  const startedAt = startTime(image.startedAt, serverTime);
  // Carried to a device that cannot ask: the director asked for it, when it signed (offline.ts).
  const askedAt = asked.isHandedOver === true ? serverTime : undefined;
  const signed = await findImageTarget({ ...image, startedAt, askedAt }, target.path);
  requireAgreement(target.path, target.file, signed.file, device);
  const bytes = await fetchManifest(image, signed);
  const manifest = acceptManifest(bytes, signed);
  if (manifest.product !== device.product) {
    throw new Refusal('hardware_mismatch', `${target.path} is not for a ${device.product}`);
  }
  readConditions(manifest);
  const manifestSha256 = sha256Hex(bytes);
  const { path } = target;
  const { releaseCounter } = customOf(path, signed.file).mustMatch;
  return { kind: 'release', serverTime, path, manifest, manifestSha256, releaseCounter };
}

/** A target of the image repository, and the name under which that keeps its bytes. */
interface ImageTarget extends NamedTarget {
  readonly keptAs: string;
}

/** The target that an author signed under this exact path (Uptane 5.4.4.7, TUF 5.7.1). */
async function findImageTarget(image: Repository, path: string): Promise<ImageTarget> {
  const trusted = await refresh(image);
  const file = await findTarget(image, trusted, path);
  if (file !== undefined) return { path, file, keptAs: keptAs(trusted.root, path, file) };
  throw new Refusal('release_not_signed', `the image repository has no ${path}`);
}

/** TUF 5.7: at most as long as signed. */
async function fetchManifest(image: Repository, target: ImageTarget): Promise<Uint8Array> {
  const { path, file } = target;
  if (file.length > LIMITS.manifestBytes) {
    throw new Refusal('metadata_too_large', `${path} is longer than ${LIMITS.manifestBytes} bytes`);
  }
  return fetchWhole(image.fetch, target.keptAs, file.length);
}

/** TUF 5.7.2: under its hash in a repository with consistent snapshots, else under its own name. */
export function keptAs(root: Root, path: string, file: NamedTarget['file']): string {
  return root.consistent_snapshot ? targetFileName(path, file) : `targets/${path}`;
}

/** TUF 5.7.2: `<folder>/<hash>.<name>` below `targets/`. */
export function targetFileName(path: string, file: NamedTarget['file']): string {
  const at = path.lastIndexOf('/') + 1;
  const hash = file.hashes.sha256 ?? file.hashes.sha512 ?? '';
  return `targets/${path.slice(0, at)}${hash}.${path.slice(at)}`;
}
