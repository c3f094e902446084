import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { SPEC_VERSION, tufDate } from '../../shared/metadata/fields.ts';
import { signMetadata } from '../../shared/metadata/sign-metadata.ts';
import type { SnapshotFile } from '../../shared/metadata/snapshot.ts';

/** A signed metadata file with what its parent and its keeper need to know. */
export interface SignedFile {
  readonly role: string;
  readonly version: number;
  readonly bytes: Uint8Array;
  readonly expires: Date;
}

/** What a snapshot lists, by file name. */
export type Listed = Readonly<SnapshotFile['meta']>;

const DAY = 86_400_000;
/** Long: a snapshot changes with each publication, and the timestamp proves that it is the newest. */
export const SNAPSHOT_LIFE = 30 * DAY;
/** Short: how long an attacker can hold a device back without being noticed. */
export const TIMESTAMP_LIFE = DAY;

/** Both online keys of the image repository. */
export interface ImageSigners {
  readonly snapshot: Signer;
  readonly timestamp: Signer;
}

/** The next snapshot: what the one before listed, and the files that changed. */
export async function signSnapshot(
  before: { readonly version: number; readonly listed: Listed },
  changed: readonly SignedFile[],
  now: Date,
  signer: Signer,
): Promise<SignedFile & { readonly listed: Listed }> {
  const changes = changed.map((file) => [`${file.role}.json`, nameFile(file)] as const);
  const listed: Listed = { ...before.listed, ...Object.fromEntries(changes) };
  const version = before.version + 1;
  const expires = new Date(now.getTime() + SNAPSHOT_LIFE);
  const common = { spec_version: SPEC_VERSION, version, expires: tufDate(expires) };
  const bytes = await signMetadata({ _type: 'snapshot', ...common, meta: listed }, [signer]);
  return { role: 'snapshot', version, bytes, expires, listed };
}

/** The next timestamp, naming this snapshot. */
export async function signTimestamp(
  versionBefore: number,
  snapshot: SignedFile,
  now: Date,
  signer: Signer,
): Promise<SignedFile> {
  const version = versionBefore + 1;
  const expires = new Date(now.getTime() + TIMESTAMP_LIFE);
  const common = { spec_version: SPEC_VERSION, version, expires: tufDate(expires) };
  const meta = { 'snapshot.json': nameFile(snapshot) };
  const bytes = await signMetadata({ _type: 'timestamp', ...common, meta }, [signer]);
  return { role: 'timestamp', version, bytes, expires };
}

/** Version, length and hash: a device stops reading early, and no other bytes fit. */
function nameFile({ version, bytes }: SignedFile): Listed[string] {
  return { version, length: bytes.length, hashes: { sha256: sha256Hex(bytes) } };
}
