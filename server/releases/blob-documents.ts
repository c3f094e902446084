import { readFile } from 'node:fs/promises';
import type { BlobFolder } from '../blobs/blob-folder.ts';
import type { Blob } from '../blobs/blob-store.ts';
import type { DocumentDeps } from './document-check.ts';

/** Blobs as the publish gate looks at them: known to the database *and* of that length on disk. */
export function blobDocuments(
  { pathOf, lengthOf }: BlobFolder,
  findBlob: (sha256: string) => Promise<Blob | undefined>,
): DocumentDeps {
  return {
    blobLength: async (sha256) =>
      (await findBlob(sha256)) === undefined ? undefined : lengthOf(sha256),
    readBlob: (sha256) => readFile(pathOf(sha256)),
  };
}
