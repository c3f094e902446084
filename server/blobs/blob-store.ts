import type { BlobRow, Database, Tx } from '../database/schema.ts';

/** What the server knows of a blob; its bytes are in the blob folder. */
export interface Blob {
  readonly sha256: string;
  readonly length: number;
  readonly mediaType: string;
  /** Whether a published release names it: only then is it served. */
  readonly published: boolean;
}

/** The blob of this digest. */
export async function findBlob(db: Database, sha256: string): Promise<Blob | undefined> {
  const row = await db
    .selectFrom('blobs')
    .selectAll()
    .where('sha256', '=', sha256)
    .executeTakeFirst();
  return row && blobOf(row);
}

/** Remembers an uploaded blob; one that is known stays as it is. Answers whether it is new. */
export async function saveBlob(
  db: Database,
  { sha256, length, mediaType }: Omit<Blob, 'published'>,
  at: Date,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('blobs')
    .values({ sha256, length, media_type: mediaType, published: 0, created_at: at.toISOString() })
    .onConflict((conflict) => conflict.column('sha256').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** Makes blobs servable, in the transaction that publishes their release. */
export async function publishBlobs(tx: Tx, sha256s: readonly string[]): Promise<void> {
  await tx.updateTable('blobs').set({ published: 1 }).where('sha256', 'in', sha256s).execute();
}

function blobOf({ sha256, length, media_type, published }: BlobRow): Blob {
  return { sha256, length, mediaType: media_type, published: published === 1 };
}
