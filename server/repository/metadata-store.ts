import type { Database, MetadataRow, Tx } from '../database/schema.ts';
import { parseImageFileName } from './image-file-name.ts';
import type { SignedFile } from './online-files.ts';

/** Which of the two repositories a file belongs to. Of the director only the roots are kept here. */
export type RepositoryName = MetadataRow['repository'];

/** One version of a role. */
export async function findFile(
  db: Database,
  repository: RepositoryName,
  role: string,
  version: number,
): Promise<SignedFile | undefined> {
  const row = await db
    .selectFrom('metadata')
    .selectAll()
    .where('repository', '=', repository)
    .where('role', '=', role)
    .where('version', '=', version)
    .executeTakeFirst();
  return row && fileOf(row);
}

/** The newest version of a role. */
export async function newestFile(
  db: Database,
  repository: RepositoryName,
  role: string,
): Promise<SignedFile | undefined> {
  const row = await db
    .selectFrom('metadata')
    .selectAll()
    .where('repository', '=', repository)
    .where('role', '=', role)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && fileOf(row);
}

/** All roots of a repository, oldest first: the first is the oldest that devices may still hold. */
export async function listRoots(
  db: Database,
  repository: RepositoryName,
): Promise<readonly SignedFile[]> {
  const rows = await db
    .selectFrom('metadata')
    .selectAll()
    .where('repository', '=', repository)
    .where('role', '=', 'root')
    .orderBy('version')
    .execute();
  return rows.map(fileOf);
}

/** A file of the image repository by the name that a device fetches. */
export async function readImageFile(db: Database, name: string): Promise<SignedFile | undefined> {
  const asked = parseImageFileName(name);
  if (asked === undefined) return undefined;
  return asked.version === 'newest'
    ? newestFile(db, 'image', asked.role)
    : findFile(db, 'image', asked.role, asked.version);
}

/** Adds a version of a role. The same version again breaks the transaction: nothing is overwritten. */
export async function addFile(
  tx: Tx,
  repository: RepositoryName,
  { role, version, bytes, expires }: SignedFile,
): Promise<void> {
  const row = { repository, role, version, bytes: Buffer.from(bytes) };
  await tx
    .insertInto('metadata')
    .values({ ...row, expires_at: expires.toISOString() })
    .execute();
}

function fileOf({ role, version, bytes, expires_at }: MetadataRow): SignedFile {
  return { role, version, bytes, expires: new Date(expires_at) };
}
