import * as z from 'zod/mini';
import { LIMITS } from '../../shared/metadata/limits.ts';
import type { DelegatedRole, Targets, TargetsFile } from '../../shared/metadata/targets.ts';
import { TargetsSchema } from '../../shared/metadata/targets.ts';
import { floorOf } from '../../shared/trust/floors.ts';
import { loadTargets } from '../../shared/trust/load-targets.ts';
import { refresh } from '../../shared/trust/refresh.ts';
import type { FetchFile, Repository, TrustedRepository } from '../../shared/trust/repository.ts';
import { openFile, readContent } from '../../shared/trust/signed-file.ts';
import { Failure } from '../failure.ts';
import { readIfThere } from '../workspace/read-file.ts';
import { firstRootFile } from '../workspace/workspace.ts';
import { metadataFolder } from './metadata-folder.ts';

/** The image repository as this author has verified it, from the workspace's own root. */
export interface TrustedImage {
  readonly repository: Repository;
  readonly trusted: TrustedRepository;
}

/** A targets role that may be extended: as it was read, and as it must be written on. */
export interface ExtensibleRole {
  readonly content: Targets;
  readonly file: TargetsFile;
}

/** A product's own role, and who may sign it. */
export interface ProductRole extends ExtensibleRole {
  readonly delegation: DelegatedRole;
}

/**
 * Fetches and verifies the image repository. Before an author signs on top of anything, this must
 * have passed: a lying server must not get a signature under its story.
 */
export async function trustImage(
  folder: string,
  fetch: FetchFile,
  startedAt: Date,
): Promise<TrustedImage> {
  const firstRoot = await readIfThere(firstRootFile(folder), LIMITS.rootBytes);
  if (firstRoot === undefined) {
    throw new Failure('no_root', `${firstRootFile(folder)} is not there: nothing can be verified`);
  }
  const store = metadataFolder(folder);
  const repository: Repository = { name: 'image', fetch, store, firstRoot, startedAt };
  return { repository, trusted: await refresh(repository) };
}

/** The verified image targets, to be extended. */
export async function imageTargets({ repository, trusted }: TrustedImage): Promise<ExtensibleRole> {
  return { content: trusted.targets, file: await verifiedFile(repository, 'targets') };
}

/** The verified role of a product, or undefined when nobody delegated to it. */
export async function productRole(
  { repository, trusted }: TrustedImage,
  product: string,
): Promise<ProductRole | undefined> {
  const { root, snapshot, targets } = trusted;
  const delegation = targets.delegations?.roles?.find(({ name }) => name === product);
  const named = snapshot.meta.get(`${product}.json`);
  if (delegation === undefined || named === undefined) return undefined;
  const keys = targets.delegations?.keys ?? new Map();
  // Not its expiry: the author is about to sign it anew, and must be able to when it has run out.
  const anyTime = { ...repository, startedAt: new Date(0) };
  const content = await loadTargets(anyTime, root, {
    name: product,
    role: delegation,
    keys,
    named,
  });
  return { delegation, content, file: await verifiedFile(repository, product) };
}

/** Keeps a role that the server has accepted: from now on an older one is refused. */
export async function keepSignedRole(
  { repository: { store } }: TrustedImage,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const floors = await store.loadFloors();
  const floor = floorOf(readContent(name, openFile(name, bytes), TargetsSchema));
  await store.saveFloors({ ...floors, roles: new Map(floors.roles).set(name, floor) });
  await store.save(name, bytes);
}

/** Our stored copy as it was written, once more held against the floor that verification set. */
async function verifiedFile({ store }: Repository, name: string): Promise<TargetsFile> {
  const bytes = await store.load(name);
  const opened = bytes && openFile(name, bytes);
  const floor = (await store.loadFloors()).roles.get(name);
  // No floor: new keys of the server made them all void (TUF 5.3.11), and our copy was verified again.
  if (
    opened === undefined ||
    (floor !== undefined &&
      floorOf(readContent(name, opened, TargetsSchema)).contentSha256 !== floor.contentSha256)
  ) {
    throw new Failure('workspace_damaged', `our copy of ${name} is not what was verified`);
  }
  if (floor === undefined) await raiseFloor(store, name, opened);
  return Written.parse(opened.signed);
}

async function raiseFloor(
  store: Repository['store'],
  name: string,
  opened: ReturnType<typeof openFile>,
): Promise<void> {
  const floors = await store.loadFloors();
  const floor = floorOf(readContent(name, opened, TargetsSchema));
  await store.saveFloors({ ...floors, roles: new Map(floors.roles).set(name, floor) });
}

const Written = z.custom<TargetsFile>((signed) => TargetsSchema.safeParse(signed).success);
