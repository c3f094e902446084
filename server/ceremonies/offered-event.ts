import type { OpenEvent } from '../../shared/ceremony/event.ts';
import { canonicalFile } from '../../shared/metadata/canonical-json.ts';
import { LIMITS } from '../../shared/metadata/limits.ts';
import { requireSize } from '../../shared/trust/repository.ts';
import { openFile } from '../../shared/trust/signed-file.ts';
import { offeredManifest, type OfferedManifest } from '../releases/claimed-manifest.ts';
import { offeredFile } from '../repository/unverified.ts';
import type { AddedProduct } from './change.ts';
import type { EventFile, GivenSignature } from './signing-event.ts';

/** An event as somebody wants to open it: read, and nothing about it believed. */
export interface OfferedEvent {
  readonly title: string;
  readonly files: readonly EventFile[];
  /** Those that the files came with, not checked. */
  readonly signatures: readonly GivenSignature[];
  readonly manifests: readonly OfferedManifest[];
  readonly products: readonly AddedProduct[];
}

/** What all signatures of a file may add to it. */
const SIGNATURES_BYTES = LIMITS.signatures * 256;

/** Reads an event; throws the refusal of a device where a file is not one or is too long. */
export function offeredEvent({
  title,
  files,
  manifests = [],
  products = [],
}: OpenEvent): OfferedEvent {
  const read = files.map(readFile);
  return {
    title,
    files: read.map(({ file }) => file),
    signatures: read.flatMap(({ signatures }) => signatures),
    manifests: manifests.map(offeredManifest),
    products,
  };
}

function readFile({ repository, role, file: text }: OpenEvent['files'][number]): {
  readonly file: EventFile;
  readonly signatures: readonly GivenSignature[];
} {
  const maxBytes = role === 'root' ? LIMITS.rootBytes : LIMITS.targetsBytes;
  requireSize(role, Buffer.from(text, 'utf8'), maxBytes);
  const { version, expires, bytes } = offeredFile(role, text);
  const { signed, signatures } = openFile(role, bytes);
  const canonical = canonicalFile(signed);
  requireSize(role, canonical, maxBytes - SIGNATURES_BYTES);
  return {
    file: { repository, role, version, expires, signed: canonical },
    // Empty: the place of a holder who has not signed yet.
    signatures: signatures
      .filter(({ sig }) => sig !== '')
      .map(({ keyid, sig }) => ({ repository, role, keyid, sig: sig.toLowerCase() })),
  };
}
