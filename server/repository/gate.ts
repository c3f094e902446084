import type { TargetFile } from '../../shared/metadata/targets.ts';
import { findTarget } from '../../shared/trust/find-target.ts';
import { memoryStore } from '../../shared/trust/memory-store.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { refresh } from '../../shared/trust/refresh.ts';
import type { FetchFile, MetadataStore, Repository } from '../../shared/trust/repository.ts';

/** A repository that would become visible, and what a device must be able to ask it. */
export interface Candidate {
  /** What is visible now; undefined before the first publication. */
  readonly published: FetchFile | undefined;
  /** What would be visible. */
  readonly offered: FetchFile;
  /** The oldest root that a device may still start from. */
  readonly firstRoot: Uint8Array;
  /** Paths whose roles must verify, whether they hold the path or not. */
  readonly paths: readonly string[];
  readonly startedAt: Date;
}

/**
 * The publish gate: the device's own verifier walks the candidate, once as a device on its first day
 * and once as one that has verified everything up to now. Throws the {@link Refusal} they would report;
 * answers what each path resolves to.
 */
export async function passGate(
  candidate: Candidate,
): Promise<ReadonlyMap<string, TargetFile | undefined>> {
  const upToDate = await heldToday(candidate);
  if (upToDate !== undefined) await walk(candidate, upToDate);
  return walk(candidate, memoryStore());
}

async function walk(
  { offered, paths, ...rest }: Candidate,
  store: MetadataStore,
): Promise<ReadonlyMap<string, TargetFile | undefined>> {
  const image = imageOf({ ...rest, offered, paths }, offered, store);
  const trusted = await refresh(image);
  const found = new Map<string, TargetFile | undefined>();
  for (const path of paths) found.set(path, await findTarget(image, trusted, path));
  return found;
}

/**
 * What a device holds that has seen all of today's repository while it was fresh. Some of it may have
 * expired since, which is when it must be renewed most urgently.
 */
async function heldToday(candidate: Candidate): Promise<MetadataStore | undefined> {
  const { published } = candidate;
  if (published === undefined) return undefined;
  const store = memoryStore();
  try {
    const image = imageOf({ ...candidate, startedAt: LONG_AGO }, published, store);
    const trusted = await refresh(image);
    for (const path of candidate.paths) await findTarget(image, trusted, path);
  } catch (cause) {
    // Nobody can hold what does not even verify: then only the way from the first root is left to judge.
    if (!(cause instanceof Refusal)) throw cause;
  }
  return store;
}

/** Earlier than anything expires. */
const LONG_AGO = new Date(0);

function imageOf(
  { firstRoot, startedAt }: Candidate,
  fetch: FetchFile,
  store: MetadataStore,
): Repository {
  return { name: 'image', fetch, store, firstRoot, startedAt };
}
