import { hexDigest } from '../crypto/digest.ts';
import type { Hashes } from '../metadata/fields.ts';
import type { MetaFile } from '../metadata/timestamp.ts';
import { Refusal } from './refusal.ts';

/**
 * TUF 5.5.2, 5.6.2: the bytes are those that the parent names, checked before anything in them is
 * read. A parent that gives neither length nor hash leaves it to the version (5.5.4, 5.6.4).
 */
export function requireNamedBytes(name: string, bytes: Uint8Array, named: MetaFile): void {
  if (named.length !== undefined && bytes.length !== named.length) {
    throw new Refusal(
      'metadata_mismatched',
      `${name} has ${bytes.length} bytes, its parent names ${named.length}`,
    );
  }
  if (named.hashes !== undefined && !hasHashes(bytes, named.hashes)) {
    throw new Refusal(
      'metadata_mismatched',
      `${name} does not have the hash that its parent names`,
    );
  }
}

/** TUF 5.5.4, 5.6.4: the version inside is the one that the parent names. */
export function requireNamedVersion(name: string, version: number, named: MetaFile): void {
  if (version !== named.version) {
    throw new Refusal(
      'metadata_mismatched',
      `${name} is v${version}, its parent names v${named.version}`,
    );
  }
}

/** Whether every hash we know of is right (Uptane 5.4.3.4: all of them, not any). */
export function hasHashes(bytes: Uint8Array, { sha256, sha512 }: Hashes): boolean {
  return (
    (sha256 === undefined || hexDigest('sha256', bytes) === sha256) &&
    (sha512 === undefined || hexDigest('sha512', bytes) === sha512)
  );
}
