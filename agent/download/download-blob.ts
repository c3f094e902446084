import { open, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import type { Hash } from 'node:crypto';
import { Refusal } from '../../shared/trust/refusal.ts';
import { hasCode, readIfThere, renameDurably } from '../install/durable-file.ts';
import { BUFFER_BYTES, hashInto, newHash } from '../install/hash-file.ts';
import type { HttpAnswer } from '../link/http.ts';
import type { Pace } from '../link/pace.ts';
import { Unreachable } from '../link/unreachable.ts';
import { receive, type Received } from './receive.ts';
import { readRange } from './content-range.ts';

/** A blob as a verified manifest names it. */
export interface NamedBlob {
  readonly sha256: string;
  readonly length: number;
}

/** What a download needs. */
export interface DownloadDeps {
  readonly folder: string;
  readonly openBlob: (sha256: string, headers: Record<string, string>) => Promise<HttpAnswer>;
  readonly requireSpace: (folder: string, lengthBytes: number) => Promise<void>;
  readonly pace: Pace;
}

/** The server says that it does not have the file: no network error, and no use in trying at once. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

/** Where a blob stands once its hash was right. The name without `.unverified` is the proof. */
export function verifiedPath(folder: string, sha256: string): string {
  return `${folder}/${sha256}`;
}

/**
 * One try at a blob, going on where an earlier one stopped. Returns only when the file under its
 * verified name has been hashed, in this call, to exactly what was signed.
 */
export async function downloadBlob(deps: DownloadDeps, blob: NamedBlob): Promise<string> {
  const path = verifiedPath(deps.folder, blob.sha256);
  if (await isWhole(path, blob)) return path; // from before a power cut: hashed again, not believed
  const partial = `${path}.unverified`;
  const file = await openAnyway(partial);
  try {
    const hash = newHash();
    const held = await hashInto(hash, file, Buffer.allocUnsafe(BUFFER_BYTES));
    await deps.requireSpace(deps.folder, Math.max(0, blob.length - held));
    const received =
      held === blob.length
        ? { digest: hash.digest('hex'), resumedAt: held }
        : await fetchRest(deps, blob, { path: partial, file, hash, held });
    await requireDigest(blob, received, partial);
    await file.sync();
  } finally {
    await file.close();
  }
  await renameDurably(partial, path);
  await rm(tagPath(partial), { force: true });
  return path;
}

interface Partial {
  readonly path: string;
  readonly file: FileHandle;
  readonly hash: Hash;
  readonly held: number;
}

/** What the file hashes to, and how much of it was kept from an earlier try. */
interface Digested {
  readonly digest: string;
  readonly resumedAt: number;
}

async function fetchRest(deps: DownloadDeps, blob: NamedBlob, partial: Partial): Promise<Digested> {
  const tag = await readTag(partial.path);
  const mayResume = partial.held > 0 && partial.held < blob.length && tag !== undefined;
  // RFC 9110 13.1.5: only if it is still the same file; otherwise the whole of the new one.
  const range = mayResume ? { range: `bytes=${partial.held}-`, 'if-range': tag } : {};
  const answer = await deps.openBlob(blob.sha256, range);
  const from = startOf(answer, blob, mayResume ? partial.held : 0);
  if (from === 0) await begin(partial, answer);
  const goingOn: Received = {
    file: partial.file,
    hash: from === 0 ? newHash() : partial.hash,
    from,
    length: blob.length,
    pace: deps.pace,
  };
  try {
    await receive(answer, goingOn);
  } catch (cause) {
    if (cause instanceof Refusal) await forget(partial.path);
    throw cause;
  }
  return { digest: goingOn.hash.digest('hex'), resumedAt: from };
}

/** RFC 9110 8.8.3; one that a disk has spoiled is none, and could not be sent. */
async function readTag(path: string): Promise<string | undefined> {
  const tag = (await readIfThere(tagPath(path)))?.toString();
  return tag !== undefined && /^"[!#-~]*"$/.test(tag) ? tag : undefined;
}

/** Where the body of this answer begins in the file; an answer without a body ends the try. */
function startOf(answer: HttpAnswer, blob: NamedBlob, asked: number): number {
  const { status, headers, body } = answer;
  if (status === 200) return 0;
  if (status === 206 && asked > 0 && readRange(headers['content-range']) === asked) return asked;
  body.destroy();
  const says = `the server answered ${status} for blob ${blob.sha256}`;
  throw GONE.has(status) ? new NotThere(says) : new Unreachable(says);
}

const GONE: ReadonlySet<number> = new Set([404, 410]);

async function begin({ path, file }: Partial, { headers }: HttpAnswer): Promise<void> {
  await file.truncate(0);
  const { etag } = headers;
  // A weak tag does not promise the same bytes (RFC 9110 8.8.1), so it cannot be resumed by.
  if (etag === undefined || etag.startsWith('W/')) await rm(tagPath(path), { force: true });
  else await writeFile(tagPath(path), etag, { mode: 0o600 });
}

async function requireDigest(
  { sha256 }: NamedBlob,
  { digest, resumedAt }: Digested,
  path: string,
): Promise<void> {
  if (digest === sha256) return;
  await forget(path);
  if (resumedAt > 0) throw new SpoiledResume(`what was kept of ${sha256} did not fit its rest`);
  throw new Refusal('artifact_hash_mismatch', `received ${digest}, ${sha256} was signed`);
}

/** Two tries together gave wrong bytes: our own half may have been at fault, so begin again once. */
export class SpoiledResume extends Error {
  override readonly name = 'SpoiledResume';
}

async function isWhole(path: string, { sha256, length }: NamedBlob): Promise<boolean> {
  if ((await lengthOf(path)) !== length) return false;
  const file = await open(path, 'r');
  try {
    const hash = newHash();
    await hashInto(hash, file, Buffer.allocUnsafe(BUFFER_BYTES));
    return hash.digest('hex') === sha256;
  } finally {
    await file.close();
  }
}

async function lengthOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined;
    throw cause;
  }
}

async function openAnyway(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT')) throw cause;
    return open(path, 'w+', 0o600);
  }
}

async function forget(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(tagPath(path), { force: true });
}

function tagPath(path: string): string {
  return `${path}.etag`;
}
