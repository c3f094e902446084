import type { TargetFile } from '../../shared/metadata/targets.ts';
import { findTarget } from '../../shared/trust/find-target.ts';
import { refresh } from '../../shared/trust/refresh.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import type {
  MetadataStore,
  Repository,
  TrustedRepository,
} from '../../shared/trust/repository.ts';

/** What is left to say of a stored repository once every signature was checked again. */
export type StoredVerdict =
  | { readonly kind: 'holds'; readonly trusted: TrustedRepository; readonly isFresh: boolean }
  | { readonly kind: 'broken'; readonly code: string; readonly detail: string };

/** Expiry is judged apart: what was verified does not become false by growing old. */
const BEFORE_EXPIRY = new Date(0);

/** Checks the files of a repository as they lie on disk, by the same rules as when they came. */
export async function verifyStored(
  ground: Pick<Repository, 'name' | 'store' | 'firstRoot'>,
  now: Date,
): Promise<StoredVerdict> {
  try {
    const trusted = await refresh(offline(ground, BEFORE_EXPIRY));
    return { kind: 'holds', trusted, isFresh: await holdsAt(ground, now) };
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    return { kind: 'broken', code: cause.code, detail: cause.message };
  }
}

/** The target that the stored metadata has for `path`. */
export function findStored(
  ground: Pick<Repository, 'name' | 'store' | 'firstRoot'>,
  trusted: TrustedRepository,
  path: string,
): Promise<TargetFile | undefined> {
  return findTarget(offline(ground, BEFORE_EXPIRY), trusted, path);
}

async function holdsAt(
  ground: Pick<Repository, 'name' | 'store' | 'firstRoot'>,
  now: Date,
): Promise<boolean> {
  try {
    await refresh(offline(ground, now));
    return true;
  } catch (cause) {
    if (cause instanceof Refusal) return false;
    throw cause;
  }
}

/** The stored files as a repository that can be fetched from, and a store that keeps nothing. */
function offline(
  { name, store, firstRoot }: Pick<Repository, 'name' | 'store' | 'firstRoot'>,
  startedAt: Date,
): Repository {
  const readOnly: MetadataStore = {
    ...store,
    save: () => Promise.resolve(),
    saveFloors: () => Promise.resolve(),
    remove: () => Promise.resolve(),
  };
  const fetch: Repository['fetch'] = (file) => {
    if (file.endsWith('.root.json')) return Promise.resolve(undefined); // no newer one is here
    return store.load(decodeURIComponent(file.replace(/^\d+\./, '').replace(/\.json$/, '')));
  };
  return { name, store: readOnly, firstRoot, startedAt, fetch };
}
