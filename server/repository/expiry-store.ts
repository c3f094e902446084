import {
  daysUntil,
  EXPIRY_LEVELS,
  expiryLevel,
  type ExpiryLevel,
} from '../../shared/ceremony/expiry-level.ts';
import { appendAudit } from '../audit/audit-store.ts';
import type { Database, MetadataRow, Tx } from '../database/schema.ts';
import { newestFile } from './metadata-store.ts';
import { productIds } from './product-store.ts';

/** How long a file still holds that only people can sign. */
export interface FileExpiry {
  readonly repository: MetadataRow['repository'];
  readonly role: string;
  readonly version: number;
  readonly expires: string;
  readonly daysLeft: number;
  readonly level: ExpiryLevel;
}

/** Roots, image targets and product roles, the most urgent first. */
export async function readExpiry(db: Database, now: Date): Promise<readonly FileExpiry[]> {
  const names = [
    { repository: 'image', role: 'root' },
    { repository: 'director', role: 'root' },
    { repository: 'image', role: 'targets' },
    ...(await productIds(db)).map((role) => ({ repository: 'image', role }) as const),
  ] as const;
  const files: FileExpiry[] = [];
  for (const { repository, role } of names) {
    const file = await newestFile(db, repository, role);
    if (file === undefined) continue;
    const { version, expires } = file;
    const [daysLeft, level] = [daysUntil(expires, now), expiryLevel(expires, now)];
    files.push({ repository, role, version, expires: expires.toISOString(), daysLeft, level });
  }
  return files.sort((left, right) => (left.expires < right.expires ? -1 : 1));
}

/**
 * Notes in the audit trail each file that has become more urgent since it was last noted, and answers
 * which. Once a level and version, however often it is called.
 */
export async function noteExpiry(db: Database, now: Date): Promise<readonly FileExpiry[]> {
  const urgent = (await readExpiry(db, now)).filter(({ level }) => level !== 'ok');
  const noted: FileExpiry[] = [];
  for (const file of urgent) {
    const isNew = await db.transaction().execute((tx) => noteOne(tx, file, now));
    if (isNew) noted.push(file);
  }
  return noted;
}

async function noteOne(tx: Tx, file: FileExpiry, now: Date): Promise<boolean> {
  const { repository, role, version, level, expires, daysLeft } = file;
  const known = await tx
    .selectFrom('expiry_notices')
    .selectAll()
    .where('repository', '=', repository)
    .where('role', '=', role)
    .executeTakeFirst();
  if (known?.version === version && rank(known.level) >= rank(level)) return false;
  await tx
    .insertInto('expiry_notices')
    .values({ repository, role, version, level })
    .onConflict((conflict) =>
      conflict.columns(['repository', 'role']).doUpdateSet({ version, level }),
    )
    .execute();
  const after = { expires, daysLeft, level };
  const subject = `${repository}:${role} v${version}`;
  await appendAudit(tx, {
    ...{ at: now, actor: 'server', action: 'metadata_expires_soon' },
    ...{ subject, after },
  });
  return true;
}

function rank(level: ExpiryLevel): number {
  return EXPIRY_LEVELS.indexOf(level);
}
