import { sha256Hex } from '../../shared/crypto/digest.ts';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { JsonError, parseStrictJson } from '../../shared/metadata/strict-json.ts';
import { ManifestSchema, type Manifest } from '../../shared/release/manifest.ts';
import { manifestPath } from '../../shared/release/names.ts';
import { acceptManifest, readConditions } from '../../shared/trust/manifest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { appendAudit } from '../audit/audit-store.ts';
import { publishBlobs } from '../blobs/blob-store.ts';
import type { Database, Tx } from '../database/schema.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { checkProductRole } from '../repository/delegation-rules.ts';
import { publishImage } from '../repository/image-publish-store.ts';
import { newestFile } from '../repository/metadata-store.ts';
import type { SignedFile } from '../repository/online-files.ts';
import { findProduct } from '../repository/product-store.ts';
import { offeredFile, readTargets } from '../repository/unverified.ts';
import { documentFault, type DocumentDeps, type DocumentFault } from './document-check.ts';
import { addRelease, findRelease, type Release } from './release-store.ts';
import { roleFault } from './role-rules.ts';

/** The exact texts of a release: its manifest, and the next version of its product's role. */
export interface OfferedRelease {
  readonly manifest: string;
  readonly role: string;
}

/** What publishing rests on. */
export interface PublishGround extends DocumentDeps {
  readonly db: Database;
  readonly actor: string;
  readonly now: Date;
  readonly findSigner: FindSigner;
}

export type PublishOutcome =
  | { readonly kind: 'published' | 'already_published'; readonly release: Release }
  | DocumentFault
  | {
      readonly kind: 'unknown_product' | 'release_conflict' | 'version_conflict' | 'role_unsafe';
      readonly message: string;
    };

/**
 * Publishes a release, all of it or nothing: role, snapshot, timestamp, release and audit entry are one
 * transaction. Throws the refusal of a device that would not install it.
 */
export async function publishRelease(
  offered: OfferedRelease,
  ground: PublishGround,
): Promise<PublishOutcome> {
  const bytes = Buffer.from(offered.manifest, 'utf8');
  const manifest = claimedManifest(bytes);
  const candidate = { bytes, sha256: sha256Hex(bytes), manifest };
  const settled = await earlier(ground.db, candidate);
  if (settled !== undefined) return settled;
  const role = offeredFile(manifest.product, offered.role);
  const fault = await documentFault(manifest, ground);
  if (fault !== undefined) return fault;
  return ground.db.transaction().execute((tx) => publishIn(tx, { ...candidate, role }, ground));
}

interface Candidate {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** What it claims; {@link acceptManifest} makes it true. */
  readonly manifest: Manifest;
}

async function publishIn(
  tx: Tx,
  candidate: Candidate & { readonly role: SignedFile },
  { now, findSigner, actor }: PublishGround,
): Promise<PublishOutcome> {
  const { manifest, role } = candidate;
  const obstacle = (await earlier(tx, candidate)) ?? (await roleObstacle(tx, candidate));
  if (obstacle !== undefined) return obstacle;
  const path = manifestPath(manifest.product, manifest.version);
  const found = await publishImage(tx, { changed: [role], paths: [path], now }, findSigner);
  const file = found.get(path);
  if (file === undefined) throw new Refusal('release_not_signed', `the role does not list ${path}`);
  const accepted = acceptManifest(candidate.bytes, { path, file });
  readConditions(accepted);
  await requireKnownHardware(tx, accepted);
  const release = await addRelease(tx, accepted, { ...candidate, at: now });
  await publishBlobs(tx, namedBlobs(accepted));
  const subject = `release:${accepted.product}/${accepted.version}`;
  await appendAudit(tx, { at: now, actor, action: 'release_published', subject, after: release });
  return { kind: 'published', release };
}

/** A version is published once: the very same again is fine, other bytes never are. */
async function earlier(
  db: Database,
  { manifest, sha256 }: Candidate,
): Promise<PublishOutcome | undefined> {
  const { product, version } = manifest;
  const found = await findRelease(db, product, version);
  if (found === undefined) return undefined;
  const { release } = found;
  if (release.manifestSha256 === sha256) return { kind: 'already_published', release };
  const message = `${product} ${version} is published with manifest ${release.manifestSha256}`;
  return { kind: 'release_conflict', message };
}

async function roleObstacle(
  tx: Tx,
  { manifest, role }: { readonly manifest: Manifest; readonly role: SignedFile },
): Promise<PublishOutcome | undefined> {
  const { product, version } = manifest;
  const current = await newestFile(tx, 'image', product);
  if ((await findProduct(tx, product)) === undefined || current === undefined) {
    return { kind: 'unknown_product', message: `there is no product ${product}` };
  }
  if (role.version !== current.version + 1) {
    const message = `role v${role.version} was sent, the next one is v${current.version + 1}`;
    return { kind: 'version_conflict', message };
  }
  const after = readTargets(role);
  const path = manifestPath(product, version);
  const message = checkProductRole(product, after) ?? roleFault(readTargets(current), after, path);
  return message === undefined ? undefined : { kind: 'role_unsafe', message };
}

async function requireKnownHardware(tx: Tx, { product, hardwareIds }: Manifest): Promise<void> {
  const known = (await findProduct(tx, product))?.hardwareIds ?? [];
  const stranger = hardwareIds.find((id) => !known.includes(id));
  if (stranger === undefined) return;
  throw new Refusal('hardware_mismatch', `${product} runs on ${known.join(', ')}, not ${stranger}`);
}

function claimedManifest(bytes: Uint8Array): Manifest {
  if (bytes.length > LIMITS.manifestBytes) {
    throw new Refusal('metadata_too_large', `the manifest has over ${LIMITS.manifestBytes} bytes`);
  }
  const parsed = ManifestSchema.safeParse(jsonOf(bytes));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.map(String).join('.') ?? '';
  throw new Refusal('manifest_malformed', `manifest at ${at}: ${issue?.message ?? 'invalid'}`);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new Refusal('manifest_malformed', `manifest: ${cause.message}`, { cause });
  }
}

function namedBlobs({ artifacts, sbom, attestations }: Manifest): readonly string[] {
  const files = [...artifacts, ...(sbom === undefined ? [] : [sbom]), ...attestations];
  return files.map(({ sha256 }) => sha256);
}
