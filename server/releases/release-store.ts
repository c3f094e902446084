import type { Database, ReleaseFileRow, ReleaseRow, Tx } from '../database/schema.ts';
import type { Manifest } from '../../shared/release/manifest.ts';

/** A published release. Its manifest never changes; its author may count it up, and recall it once. */
export interface Release {
  readonly product: string;
  readonly version: string;
  readonly manifestSha256: string;
  readonly securityEpoch: number;
  readonly class: ReleaseRow['class'];
  readonly hardwareIds: readonly string[];
  readonly state: ReleaseRow['state'];
  readonly publishedAt: string;
  /** Its number in the order of its product. */
  readonly releaseCounter: number;
  readonly recall: StoredRecall | null;
}

/** When and why a release was recalled, and where its devices shall go. */
export interface StoredRecall {
  readonly at: string;
  readonly reason: string;
  readonly moveTo: string | null;
}

/** The release of this version, with its exact manifest. */
export async function findRelease(
  db: Database,
  product: string,
  version: string,
): Promise<{ readonly release: Release; readonly manifest: Uint8Array } | undefined> {
  const row = await db
    .selectFrom('releases')
    .selectAll()
    .where('product', '=', product)
    .where('version', '=', version)
    .executeTakeFirst();
  return row && { release: releaseOf(row), manifest: row.manifest };
}

/** The exact manifest of a published release, by its sha256. */
export async function findManifest(
  db: Database,
  manifestSha256: string,
): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('releases')
    .select('manifest')
    .where('manifest_sha256', '=', manifestSha256)
    .executeTakeFirst();
  return row?.manifest;
}

/** Releases, newest first, of one product or of all. */
export async function listReleases(
  db: Database,
  { product, limit }: { readonly product?: string | undefined; readonly limit: number },
): Promise<readonly Release[]> {
  const rows = await db
    .selectFrom('releases')
    .selectAll()
    .$if(product !== undefined, (query) => query.where('product', '=', product ?? ''))
    .orderBy('published_at', 'desc')
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();
  return rows.map(releaseOf);
}

/** What is known of a release besides its manifest when it is published. */
export interface Publication {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly at: Date;
  readonly releaseCounter: number;
}

/** Adds a release and the files that belong to it. */
export async function addRelease(
  tx: Tx,
  manifest: Manifest,
  { bytes, sha256, at, releaseCounter }: Publication,
): Promise<Release> {
  const row: ReleaseRow = {
    product: manifest.product,
    version: manifest.version,
    manifest_sha256: sha256,
    manifest: Buffer.from(bytes),
    security_epoch: manifest.securityEpoch,
    class: manifest.class,
    hardware_ids: JSON.stringify(manifest.hardwareIds),
    state: 'published',
    published_at: at.toISOString(),
    release_counter: releaseCounter,
    recalled_at: null,
    recall_reason: null,
    move_to: null,
  };
  await tx.insertInto('releases').values(row).execute();
  await tx.insertInto('release_files').values(filesOf(manifest, sha256)).execute();
  return releaseOf(row);
}

/** Rows, once each: two components may carry the same bytes. */
function filesOf(manifest: Manifest, manifestSha256: string): readonly ReleaseFileRow[] {
  const { artifacts, sbom, attestations } = manifest;
  const of = (kind: ReleaseFileRow['kind'], files: readonly { readonly sha256: string }[]) =>
    [...new Set(files.map(({ sha256 }) => sha256))].map((sha256) => ({
      manifest_sha256: manifestSha256,
      kind,
      sha256,
    }));
  return [
    ...of('artifact', artifacts),
    ...of('sbom', sbom === undefined ? [] : [sbom]),
    ...of('attestation', attestations),
  ];
}

function releaseOf(row: ReleaseRow): Release {
  return {
    product: row.product,
    version: row.version,
    manifestSha256: row.manifest_sha256,
    securityEpoch: row.security_epoch,
    class: row.class,
    hardwareIds: JSON.parse(row.hardware_ids) as string[],
    state: row.state,
    publishedAt: row.published_at,
    releaseCounter: row.release_counter,
    recall: recallOf(row),
  };
}

function recallOf({
  recalled_at: at,
  recall_reason: reason,
  move_to: moveTo,
}: ReleaseRow): StoredRecall | null {
  return at === null || reason === null ? null : { at, reason, moveTo };
}
