import { Refusal } from '../../shared/trust/refusal.ts';
import { acceptFirstRoot } from '../../shared/trust/root.ts';
import type { PublicKey } from '../../shared/crypto/public-key.ts';
import { appendAudit } from '../audit/audit-store.ts';
import type { Database, Tx } from '../database/schema.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { checkImageTargets, checkOfflineRoles } from './delegation-rules.ts';
import { publishImage } from './image-publish-store.ts';
import { addFile, newestFile, type RepositoryName } from './metadata-store.ts';
import type { SignedFile } from './online-files.ts';
import { offeredFile, readTargets } from './unverified.ts';

/** The newest root of each repository, as an operator sees it. */
export interface TrustState {
  readonly initialised: boolean;
  readonly image: RootState | null;
  readonly director: RootState | null;
}

interface RootState {
  readonly rootVersion: number;
  readonly expires: string;
}

/** Whether trust is set up, and how long its roots still hold. */
export async function readTrust(db: Database): Promise<TrustState> {
  const [image, director] = [await rootState(db, 'image'), await rootState(db, 'director')];
  return { initialised: image !== null && director !== null, image, director };
}

/** The exact texts with which an author founds both repositories. */
export interface Founding {
  readonly imageRoot: string;
  readonly imageTargets: string;
  readonly directorRoot: string;
}

/** What founding rests on. */
export interface FoundingGround {
  readonly actor: string;
  readonly now: Date;
  readonly findSigner: FindSigner;
  /** Every public key of the server: none may be an author's. */
  readonly online: readonly PublicKey[];
  /** Whether devices take what our director signs under these roots, oldest first; throws their refusal. */
  readonly tryDirector: (roots: readonly SignedFile[], now: Date) => Promise<void>;
}

export type FoundingOutcome =
  | { readonly kind: 'founded'; readonly trust: TrustState }
  | { readonly kind: 'already_initialised' }
  | { readonly kind: 'role_unsafe'; readonly message: string };

/** Founds both repositories at once, or nothing: throws the refusal that a device would report. */
export async function foundTrust(
  db: Database,
  founding: Founding,
  ground: FoundingGround,
): Promise<FoundingOutcome> {
  const imageRoot = firstVersion('root', founding.imageRoot);
  const directorRoot = firstVersion('root', founding.directorRoot);
  const imageTargets = firstVersion('targets', founding.imageTargets);
  const message = brokenRule({ imageRoot, directorRoot, imageTargets }, ground.online);
  if (message !== undefined) return { kind: 'role_unsafe', message };
  await ground.tryDirector([directorRoot], ground.now);
  return db.transaction().execute(async (tx) => {
    if ((await readTrust(tx)).initialised) return { kind: 'already_initialised' };
    await store(tx, { imageRoot, directorRoot, imageTargets }, ground);
    return { kind: 'founded', trust: await readTrust(tx) };
  });
}

interface FirstFiles {
  readonly imageRoot: SignedFile;
  readonly directorRoot: SignedFile;
  readonly imageTargets: SignedFile;
}

async function store(tx: Tx, files: FirstFiles, ground: FoundingGround): Promise<void> {
  const { imageRoot, directorRoot, imageTargets } = files;
  const { now, findSigner, actor } = ground;
  const publication = { roots: [imageRoot], changed: [imageTargets], paths: [], now };
  await publishImage(tx, publication, findSigner);
  await addFile(tx, 'director', directorRoot);
  const after = await readTrust(tx);
  await appendAudit(tx, { at: now, actor, action: 'trust_founded', subject: 'trust', after });
}

function brokenRule(files: FirstFiles, online: readonly PublicKey[]): string | undefined {
  const image = acceptFirstRoot(files.imageRoot.bytes).content;
  const director = acceptFirstRoot(files.directorRoot.bytes).content;
  return (
    checkOfflineRoles(image, ['root', 'targets'], online) ??
    checkOfflineRoles(director, ['root'], online) ??
    checkImageTargets(readTargets(files.imageTargets), [], online)
  );
}

function firstVersion(role: string, text: string): SignedFile {
  const file = offeredFile(role, text);
  if (file.version === 1) return file;
  throw new Refusal(
    'root_version_wrong',
    `${role} v${file.version} was sent, trust begins with v1`,
  );
}

async function rootState(db: Database, repository: RepositoryName): Promise<RootState | null> {
  const root = await newestFile(db, repository, 'root');
  return root === undefined
    ? null
    : { rootVersion: root.version, expires: root.expires.toISOString() };
}
