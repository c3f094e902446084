import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { Signer } from '../../shared/crypto/signer.ts';
import { SPEC_VERSION, tufDate } from '../../shared/metadata/fields.ts';
import { signMetadata } from '../../shared/metadata/sign-metadata.ts';
import type { TargetsFile } from '../../shared/metadata/targets.ts';

/** The three online keys of the director repository. */
export interface DirectorSigners {
  readonly targets: Signer;
  readonly snapshot: Signer;
  readonly timestamp: Signer;
}

/** A target as the author's role names it: the director repeats it and adds nothing. */
export interface AssignedTarget {
  readonly path: string;
  readonly file: TargetsFile['targets'][string];
}

/** What the director says to one device. */
export interface Word {
  readonly deviceId: string;
  /** Of all three files; always one above what this device was told before. */
  readonly version: number;
  /** Undefined: there is nothing for it, which is signed all the same (Uptane 5.2.3.1). */
  readonly target: AssignedTarget | undefined;
  readonly now: Date;
  readonly nonce?: string | undefined;
  /** Until when it holds for a device that cannot ask; undefined: it goes over the network. */
  readonly carriedUntil?: Date | undefined;
}

/** How long a word is good for: a device that hears nothing longer than this notices. */
export const DIRECTOR_LIFE = 86_400_000;

/** The signed files of one device's director repository, by the names under which it fetches them. */
export async function directorFiles(
  word: Word,
  signers: DirectorSigners,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { version, now, carriedUntil } = word;
  const expires = tufDate(carriedUntil ?? new Date(now.getTime() + DIRECTOR_LIFE));
  const common = { spec_version: SPEC_VERSION, version, expires };
  const targets = await signMetadata(
    { _type: 'targets', ...common, targets: assigned(word), custom: customOf(word) },
    [signers.targets],
  );
  const snapshot = await signMetadata(
    { _type: 'snapshot', ...common, meta: { 'targets.json': named(version, targets) } },
    [signers.snapshot],
  );
  const timestamp = await signMetadata(
    { _type: 'timestamp', ...common, meta: { 'snapshot.json': named(version, snapshot) } },
    [signers.timestamp],
  );
  return new Map([
    ['timestamp.json', timestamp],
    [`${version}.snapshot.json`, snapshot],
    [`${version}.targets.json`, targets],
  ]);
}

function assigned({ target }: Word): TargetsFile['targets'] {
  return target === undefined ? {} : { [target.path]: target.file };
}

function customOf({ deviceId, now, nonce, carriedUntil }: Word): object {
  const offline = carriedUntil === undefined ? {} : { offline: true };
  return { deviceId, serverTime: tufDate(now), ...(nonce !== undefined && { nonce }), ...offline };
}

function named(
  version: number,
  bytes: Uint8Array,
): TargetsFile['targets'][string] & { version: number } {
  return { version, length: bytes.length, hashes: { sha256: sha256Hex(bytes) } };
}
