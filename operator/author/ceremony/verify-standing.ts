import * as z from 'zod/mini';
import { LIMITS } from '../../../shared/metadata/limits.ts';
import { RootSchema, type RootFile } from '../../../shared/metadata/root.ts';
import { SnapshotSchema } from '../../../shared/metadata/snapshot.ts';
import { TargetsSchema } from '../../../shared/metadata/targets.ts';
import { TimestampSchema } from '../../../shared/metadata/timestamp.ts';
import { requireFresh } from '../../../shared/trust/expiry.ts';
import { requireVersion } from '../../../shared/trust/floors.ts';
import { held } from '../../../shared/trust/held.ts';
import type { FetchFile, MetadataStore } from '../../../shared/trust/repository.ts';
import { fetchWhole } from '../../../shared/trust/repository.ts';
import { acceptFirstRoot, acceptNextRoot } from '../../../shared/trust/root.ts';
import { Refusal } from '../../../shared/trust/refusal.ts';
import { openFile, readContent, type VerifiedFile } from '../../../shared/trust/signed-file.ts';
import type { Root } from '../../../shared/metadata/root.ts';
import { Failure } from '../../failure.ts';
import { readIfThere } from '../../workspace/read-file.ts';
import { firstRootFile, type Workspace } from '../../workspace/workspace.ts';
import { metadataFolder } from '../metadata-folder.ts';
import {
  imageTargets,
  productRole,
  trustImage,
  type ExtensibleRole,
  type TrustedImage,
} from '../trusted-image.ts';
import type { Standing, StandingRoot, StandingTargets } from './standing.ts';

/** Where both repositories come from: a server, or what somebody carried over. */
export interface StandingSource {
  readonly image: FetchFile;
  readonly director: FetchFile;
}

type Folders = Pick<Workspace, 'imageFolder' | 'directorFolder'>;

/**
 * Verifies everything that offline keys sign, from this workspace's own roots and against its floors.
 *
 * Not the expiry of what people sign: renewing what has expired is what ceremonies are for. What the
 * server signs every day must be fresh, or an old state could pass for today's; {@link requireToday}.
 */
export async function verifyStanding(folders: Folders, source: StandingSource): Promise<Standing> {
  const image = await trustImage(folders.imageFolder, source.image, ANY_TIME);
  const { store } = image.repository;
  const roles = image.trusted.targets.delegations?.roles ?? [];
  const products = new Map<string, StandingTargets>();
  for (const { name } of roles) {
    const role = await productRole(image, name);
    if (role !== undefined) products.set(name, await withBytes(store, name, role));
  }
  return {
    imageRoot: rootFileOf(await newestImageRoot(image)),
    imageTargets: await withBytes(store, 'targets', await imageTargets(image)),
    products,
    directorRoot: await followDirectorRoots(folders.directorFolder, source.director),
  };
}

const ANY_TIME = new Date(0);

/** Refuses a state of the image repository that the server has not vouched for lately. */
export async function requireToday(folders: Folders, now: Date): Promise<void> {
  const store = metadataFolder(folders.imageFolder);
  for (const [name, schema] of DAILY) {
    const bytes = await store.load(name);
    if (bytes === undefined) throw new Refusal('metadata_missing', `${name} is not there`);
    requireFresh(name, readContent(name, openFile(name, bytes), schema).content, now);
  }
}

const DAILY = [
  ['timestamp', TimestampSchema],
  ['snapshot', SnapshotSchema],
] as const;

async function withBytes(
  store: MetadataStore,
  name: string,
  { content, file }: ExtensibleRole,
): Promise<StandingTargets> {
  const bytes = await store.load(name);
  const isSame = bytes && readContent(name, openFile(name, bytes), TargetsSchema).content.version;
  if (bytes === undefined || isSame !== content.version) throw damaged(name);
  return { content, file, bytes };
}

/** The root that verification ended with: the newest kept, or the one that the workspace began with. */
async function newestImageRoot({ repository, trusted }: TrustedImage): Promise<VerifiedFile<Root>> {
  for (const bytes of [await repository.store.load('root'), repository.firstRoot]) {
    const root = bytes && held(() => acceptFirstRoot(bytes));
    if (root?.content.version === trusted.root.version) return root;
  }
  throw damaged('root');
}

/** The director's roots, one by one (TUF 5.3). Its other files are one device's each, not ours to see. */
async function followDirectorRoots(
  folder: string,
  fetch: FetchFile,
): Promise<StandingRoot | undefined> {
  const first = await readIfThere(firstRootFile(folder), LIMITS.rootBytes);
  if (first === undefined) return undefined;
  const store = metadataFolder(folder);
  const stored = await store.load('root');
  const kept = stored && held(() => acceptFirstRoot(stored));
  let trusted = acceptFirstRoot(first);
  if (kept !== undefined && kept.content.version > trusted.content.version) trusted = kept;
  for (let followed = 0; followed <= LIMITS.roots; followed += 1) {
    const name = `${trusted.content.version + 1}.root.json`;
    if ((await fetch(name, LIMITS.rootBytes)) === undefined) {
      requireVersion('director root', trusted.content.version, (await store.loadFloors()).root);
      return rootFileOf(trusted);
    }
    trusted = acceptNextRoot(await fetchWhole(fetch, name, LIMITS.rootBytes), trusted.content);
    await store.saveFloors({ ...(await store.loadFloors()), root: trusted.content.version });
    await store.save('root', trusted.bytes);
  }
  throw new Refusal('too_many_roots', `after ${LIMITS.roots} director roots`);
}

function rootFileOf({ content, bytes }: VerifiedFile<Root>): StandingRoot {
  return { content, bytes, file: Written.parse(openFile('root', bytes).signed) };
}

const Written = z.custom<RootFile>((signed) => RootSchema.safeParse(signed).success);

function damaged(name: string): Failure {
  return new Failure('workspace_damaged', `our copy of ${name} is not what was verified`);
}
