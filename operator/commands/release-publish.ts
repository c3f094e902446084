import { basename } from 'node:path';
import { fileStatus } from '../author/ceremony/status.ts';
import { expiryNotices } from '../author/expiry-notice.ts';
import { buildManifest, type ReleaseFacts } from '../author/build-manifest.ts';
import { listHeldKeys } from '../author/held-key-folder.ts';
import type { InstallerChoice } from '../author/read-artifact.ts';
import { readReleaseFiles, type ReleaseFiles } from '../author/release-files.ts';
import { Failure } from '../failure.ts';
import { retryOnConflict } from '../operate/retry-conflict.ts';
import { uploadBlobs, type BlobFile } from '../operate/upload-blobs.ts';
import { hardwareIdsOf } from '../workspace/products.ts';
import { readNamed } from '../workspace/read-file.ts';
import type { Manifest, ManifestFile } from '../../shared/release/manifest.ts';
import type { ArtifactOption } from './arguments.ts';
import { conditionsOf, type ConditionOptions } from './condition-arguments.ts';
import { signedInstalledDigest } from '../../shared/release/installed-digest.ts';
import { requireArchives, type RestoreOption } from './restore-option.ts';
import { moduleSaidOf, requireModules, type ModuleOptions } from './module-options.ts';
import { keyOpening } from './key-opening.ts';
import { progressOf, sizeOf } from './progress.ts';
import { openRelease } from './release-event.ts';
import { handOver, signOnTop, writeDryRun, type Publishing } from './release-sign.ts';
import { connect, type CommonOptions, type Session } from './session.ts';
import { verifyServer } from './standing.ts';

export interface PublishOptions
  extends CommonOptions, ConditionOptions, ModuleOptions, RestoreOption {
  readonly product: string;
  readonly version: string;
  readonly artifact: readonly ArtifactOption[];
  readonly epoch: number;
  readonly class: Manifest['class'];
  readonly sbom: string;
  readonly attestation?: readonly string[];
  readonly hardware?: readonly string[];
  readonly notes?: string;
  readonly advisory?: readonly string[];
  readonly supportUntil?: string;
  readonly component: string;
  readonly installer: InstallerChoice;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const MAX_NOTES_BYTES = 65_536;

/** Reads, signs, uploads, publishes; in this order, so that only the last step shows anything. */
export async function publishRelease(session: Session, options: PublishOptions): Promise<void> {
  const { connection } = await connect(session);
  const { manifest, files } = await describe(session, options);
  const publishing = await publishingOf(session, manifest);
  const first = await signOnTop(publishing);
  if (first.kind === 'published') {
    answer(session, manifest, first.manifestSha256, 'was published before, with these bytes');
    return;
  }
  await warnOfExpiry(session, manifest.product);
  if (first.kind === 'needs_others') {
    await withOthers(session, { publishing, connection, files }, options);
    return;
  }
  if (options.dryRun === true) {
    const { folder, manifestSha256 } = await writeDryRun(publishing, first);
    answer(session, manifest, manifestSha256, `is signed, not published: see ${folder}`);
    return;
  }
  await upload(session, connection, files);
  const manifestSha256 = await retryOnConflict(
    async () => handOver(publishing),
    () => {
      session.progress('the role changed meanwhile: verifying and signing again');
    },
  );
  answer(session, manifest, manifestSha256, 'is published');
}

async function warnOfExpiry(session: Session, published: string): Promise<void> {
  const { standing } = await verifyServer(session);
  const files = fileStatus(standing, session.world.now());
  expiryNotices(files, published).forEach(session.progress);
}

/** The release waits in a signing event until enough holders of the product's keys have signed. */
async function withOthers(
  session: Session,
  { publishing, connection, files }: Waiting,
  { dryRun, yes }: PublishOptions,
): Promise<void> {
  if (dryRun === true) {
    const product = publishing.manifest.product;
    throw new Failure('key_missing', `${product} takes the keys of others too; nothing was opened`);
  }
  await upload(session, connection, files);
  await openRelease(session, publishing, { ...(yes === true && { yes }) });
}

interface Waiting {
  readonly publishing: Publishing;
  readonly connection: Publishing['connection'];
  readonly files: ReleaseFiles;
}

async function describe(
  session: Session,
  options: PublishOptions,
): Promise<{ readonly manifest: ManifestFile; readonly files: ReleaseFiles }> {
  const artifacts = options.artifact.map((artifact) => ({
    component: options.component,
    installer: options.installer,
    ...artifact,
  }));
  requireModules(options, artifacts);
  requireArchives(options, artifacts);
  const paths = {
    artifacts: artifacts.map((each) => ({
      ...each,
      module: moduleSaidOf(options, each),
      restore: options.restore?.get(each.component),
    })),
    sbom: options.sbom,
    attestations: options.attestation ?? [],
  };
  const facts = await factsOf(session, options);
  const files = await readReleaseFiles(paths, (path) =>
    progressOf(session.world, `reading ${basename(path)}`),
  );
  return { manifest: buildManifest(facts, files), files };
}

async function factsOf(session: Session, options: PublishOptions): Promise<ReleaseFacts> {
  const { product, version, epoch, supportUntil } = options;
  return {
    product,
    version,
    securityEpoch: epoch,
    class: options.class,
    hardwareIds: options.hardware ?? (await knownHardware(session, product)),
    notes: await notesOf(options.notes),
    advisories: options.advisory ?? [],
    supportUntil,
    conditions: conditionsOf(options),
  };
}

async function knownHardware(session: Session, product: string): Promise<readonly string[]> {
  const known = await hardwareIdsOf(session.workspace.productsFile, product);
  if (known !== undefined) return known;
  throw new Failure('hardware_unknown', `this workspace does not know the boards of ${product}`);
}

async function notesOf(notes: string | undefined): Promise<string | undefined> {
  if (!notes?.startsWith('@')) return notes;
  return (await readNamed(notes.slice(1), MAX_NOTES_BYTES)).toString('utf8');
}

async function publishingOf(session: Session, manifest: ManifestFile): Promise<Publishing> {
  const { api, connection } = await connect(session);
  const { workspace, world } = session;
  const held = await listHeldKeys(workspace.keysFolder, keyOpening(world));
  return { api, connection, held, workspace, manifest, now: world.now };
}

async function upload(
  session: Session,
  connection: Publishing['connection'],
  { artifacts, sbom, attestations }: ReleaseFiles,
): Promise<void> {
  const files: readonly BlobFile[] = [...artifacts, ...(sbom ? [sbom] : []), ...attestations];
  const bars = new Map(
    files.map((file) => [file.sha256, progressOf(session.world, `uploading ${file.path}`)]),
  );
  const uploaded = await uploadBlobs(connection, files, (file, done) => {
    bars.get(file.sha256)?.(done, file.length);
  });
  for (const { file, wasThere } of uploaded) {
    const what = wasThere ? 'already on the server' : 'uploaded';
    session.progress(`${what}: ${file.path} (${sizeOf(file.length)})`);
  }
}

function answer(
  session: Session,
  { product, version, artifacts }: ManifestFile,
  manifestSha256: string,
  outcome: string,
): void {
  const installedSha256 = signedInstalledDigest(artifacts) ?? null;
  session.show(
    { product, version, manifestSha256, installedSha256, outcome },
    `${product} ${version} ${outcome}.\nmanifest sha256 ${manifestSha256}`,
  );
}
