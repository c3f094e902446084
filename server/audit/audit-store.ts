import { AUDIT_GENESIS, auditHash, type AuditEntry } from '../../shared/protocol/audit.ts';
import type { AuditRow, Database, Tx } from '../database/schema.ts';

/** What happened, by whom, to what. `before` and `after` are plain data; secrets never go in. */
export interface Happening {
  readonly at: Date;
  /** `operator:<name>`, `device:<id>` or `server`. */
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly before?: object | null;
  readonly after?: object | null;
}

/**
 * Adds one entry to the chain, in the transaction that does what it tells: both are there or neither.
 */
export async function appendAudit(tx: Tx, happening: Happening): Promise<void> {
  const last = await tx
    .selectFrom('audit')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  const entry = {
    sequence: (last?.sequence ?? 0) + 1,
    at: happening.at.toISOString(),
    actor: happening.actor,
    action: happening.action,
    subject: happening.subject,
    before: textOf(happening.before),
    after: textOf(happening.after),
    previousHash: last?.hash ?? AUDIT_GENESIS,
  };
  const { previousHash, ...columns } = entry;
  await tx
    .insertInto('audit')
    .values({ ...columns, previous_hash: previousHash, hash: auditHash(entry) })
    .execute();
}

/** Entries after a sequence number, oldest first. */
export async function listAudit(
  db: Database,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly AuditEntry[]> {
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute();
  return rows.map(entryOf);
}

function entryOf({ previous_hash: previousHash, ...row }: AuditRow): AuditEntry {
  return { ...row, previousHash };
}

function textOf(state: object | null | undefined): string | null {
  return state === null || state === undefined ? null : JSON.stringify(state);
}
