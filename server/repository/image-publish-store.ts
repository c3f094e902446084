import { SnapshotSchema } from '../../shared/metadata/snapshot.ts';
import type { TargetFile } from '../../shared/metadata/targets.ts';
import type { FetchFile } from '../../shared/trust/repository.ts';
import { openFile } from '../../shared/trust/signed-file.ts';
import type { Database, Tx } from '../database/schema.ts';
import type { FindSigner } from '../keys/key-ring.ts';
import { passGate } from './gate.ts';
import { imageFileName } from './image-file-name.ts';
import { imageSigners } from './image-signers.ts';
import { addFile, listRoots, newestFile, readImageFile } from './metadata-store.ts';
import {
  signSnapshot,
  signTimestamp,
  type ImageSigners,
  type Listed,
  type SignedFile,
} from './online-files.ts';
import { readRoot } from './unverified.ts';

/** What changes in the image repository at once. */
export interface Publication {
  /** New roots; they are not listed in the snapshot. */
  readonly roots?: readonly SignedFile[];
  /** New versions of targets and product roles. */
  readonly changed: readonly SignedFile[];
  /** Paths whose roles must verify before anything becomes visible. */
  readonly paths: readonly string[];
  readonly now: Date;
}

/**
 * Makes files visible, with the snapshot and timestamp that name them, if a device would accept all of
 * it; throws its refusal otherwise, before anything is written. Answers what the paths resolve to.
 */
export async function publishImage(
  tx: Tx,
  { roots = [], changed, paths, now }: Publication,
  findSigner: FindSigner,
): Promise<ReadonlyMap<string, TargetFile | undefined>> {
  const chain = [...(await listRoots(tx, 'image')), ...roots];
  const [oldest, newest] = [chain[0], chain.at(-1)];
  if (oldest === undefined || newest === undefined) {
    throw new Error('bug: there is no image root to publish under');
  }
  // The newest root says which keys sign from this moment on, also when it only now becomes visible.
  const signers = imageSigners(readRoot(newest), findSigner);
  const online = await signOnline(tx, changed, now, signers);
  const files = [...roots, ...changed, ...online];
  const published = (await newestFile(tx, 'image', 'timestamp')) && storedFiles(tx);
  const found = await passGate({
    published,
    offered: overlay(files, storedFiles(tx)),
    firstRoot: oldest.bytes,
    paths,
    startedAt: now,
  });
  for (const file of files) await addFile(tx, 'image', file);
  return found;
}

async function signOnline(
  tx: Tx,
  changed: readonly SignedFile[],
  now: Date,
  signers: ImageSigners,
): Promise<readonly SignedFile[]> {
  const before = await newestFile(tx, 'image', 'snapshot');
  const timestamp = await newestFile(tx, 'image', 'timestamp');
  const listed = before === undefined ? {} : listedIn(before);
  const snapshot = await signSnapshot(
    { version: before?.version ?? 0, listed },
    changed,
    now,
    signers.snapshot,
  );
  return [snapshot, await signTimestamp(timestamp?.version ?? 0, snapshot, now, signers.timestamp)];
}

/**
 * Signs snapshot and timestamp again over what is visible already. No gate: an author's file that has
 * expired meanwhile must not keep the server from vouching for the rest.
 */
export async function renewSnapshot(tx: Tx, now: Date, findSigner: FindSigner): Promise<void> {
  const signers = await signersNow(tx, findSigner);
  for (const file of await signOnline(tx, [], now, signers)) await addFile(tx, 'image', file);
}

/** Signs a fresh timestamp, for the snapshot that is there. */
export async function renewTimestamp(tx: Tx, now: Date, findSigner: FindSigner): Promise<void> {
  const snapshot = await newestFile(tx, 'image', 'snapshot');
  const timestamp = await newestFile(tx, 'image', 'timestamp');
  if (snapshot === undefined || timestamp === undefined) return;
  const signers = await signersNow(tx, findSigner);
  const renewed = await signTimestamp(timestamp.version, snapshot, now, signers.timestamp);
  await addFile(tx, 'image', renewed);
}

async function signersNow(tx: Tx, findSigner: FindSigner): Promise<ImageSigners> {
  const root = await newestFile(tx, 'image', 'root');
  if (root === undefined) throw new Error('bug: files are visible without an image root');
  return imageSigners(readRoot(root), findSigner);
}

function listedIn({ bytes }: SignedFile): Listed {
  const { meta } = SnapshotSchema.parse(openFile('snapshot', bytes).signed);
  return Object.fromEntries(meta);
}

function storedFiles(db: Database): FetchFile {
  return async (name) => (await readImageFile(db, name))?.bytes;
}

function overlay(files: readonly SignedFile[], below: FetchFile): FetchFile {
  const names = files.map(({ role, version, bytes }): readonly [string, Uint8Array] => [
    role === 'timestamp' ? 'timestamp.json' : imageFileName(role, version),
    bytes,
  ]);
  const byName = new Map(names);
  return async (name, maxBytes) => byName.get(name) ?? below(name, maxBytes);
}
