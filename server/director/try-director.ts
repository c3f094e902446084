import { LIMITS } from '../../shared/metadata/limits.ts';
import { bundleBytes } from '../../shared/protocol/bundle.ts';
import { acceptDirectorTargets } from '../../shared/trust/director.ts';
import { memoryStore } from '../../shared/trust/memory-store.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { refresh } from '../../shared/trust/refresh.ts';
import type { MetadataStore } from '../../shared/trust/repository.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { imageFileName } from '../repository/image-file-name.ts';
import type { SignedFile } from '../repository/online-files.ts';
import { readRoot } from '../repository/unverified.ts';
import { directorFiles } from './director-files.ts';
import { directorSigners } from './director-signers.ts';

const NOBODY = 'a-device-that-does-not-exist';
/** What a target, a nonce and the escapes of JSON may add to the bundle that is tried here. */
const ROOM_BYTES = 64 * 1_024;
/** Earlier than anything expires: a device that heard its word while all of it was fresh. */
const LONG_AGO = new Date(0);

/**
 * Whether devices would take our word under these roots, oldest first, of which the last is to become
 * visible: one on its first day, and one that has heard us under the roots before. Signs as for a device
 * and lets the device's verifier judge. Throws its refusal.
 */
export async function tryDirector(
  roots: readonly SignedFile[],
  now: Date,
  findSigner: FindSigner,
): Promise<void> {
  const next = { roots, version: 2, now, findSigner };
  await hear(next, memoryStore());
  if (roots.length < 2) return;
  const told = memoryStore();
  const before = { roots: roots.slice(0, -1), version: 1, now, findSigner };
  await listen(before, told, LONG_AGO);
  await hear(next, told);
}

interface Word {
  readonly roots: readonly SignedFile[];
  readonly version: number;
  readonly now: Date;
  readonly findSigner: FindSigner;
}

async function hear(word: Word, store: MetadataStore): Promise<void> {
  const { targets, root } = await listen(word, store, word.now);
  acceptDirectorTargets(targets, root, { deviceId: NOBODY, nonce: undefined });
}

async function listen(
  { roots, version, now, findSigner }: Word,
  store: MetadataStore,
  startedAt: Date,
): ReturnType<typeof refresh> {
  const [oldest, ...newer] = roots;
  const newest = roots.at(-1);
  if (oldest === undefined || newest === undefined) throw new Error('bug: no director root to try');
  const signers = directorSigners(readRoot(newest), findSigner);
  const word = { deviceId: NOBODY, version, target: undefined, now };
  const files = new Map([
    ...newer.map((root) => [imageFileName('root', root.version), root.bytes] as const),
    ...(await directorFiles(word, signers)),
  ]);
  requireRoom(files);
  return refresh({
    name: 'director',
    fetch: (name) => Promise.resolve(files.get(name)),
    store,
    firstRoot: oldest.bytes,
    startedAt,
  });
}

/** All newer roots travel in each device's bundle, and a device reads no longer one. */
function requireRoom(files: ReadonlyMap<string, Uint8Array>): void {
  const length = bundleBytes(files).length + ROOM_BYTES;
  if (length <= LIMITS.bundleBytes) return;
  throw new Refusal(
    'metadata_too_large',
    `with this root an assignment would have ${length} bytes`,
  );
}
