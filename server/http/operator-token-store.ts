import { sha256Hex } from '../../shared/crypto/digest.ts';
import { appendAudit } from '../audit/audit-store.ts';
import type { Database, Tx } from '../database/schema.ts';
import type { Operator, OperatorRole } from './operator.ts';

/** A token that was just made, shown this once: only its hash is stored. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresAt: string | null;
}

/** Who the token is for, and for how long. */
export interface OperatorTokenWish {
  readonly name: string;
  readonly role: OperatorRole;
  readonly hours: number | null;
}

export interface IssueGround {
  readonly now: Date;
  readonly actor: string;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Makes a token for an operator. */
export async function issueOperatorToken(
  db: Database,
  wish: OperatorTokenWish,
  ground: IssueGround,
): Promise<IssuedToken> {
  return db.transaction().execute((tx) => issueIn(tx, wish, ground));
}

/**
 * The token of the first admin, when the server has never had one. Undefined ever after: losing it is a
 * matter for whoever holds the data folder, not for a stranger who restarts the server.
 */
export async function issueFirstToken(
  db: Database,
  ground: Omit<IssueGround, 'actor'>,
): Promise<IssuedToken | undefined> {
  return db.transaction().execute(async (tx) => {
    const any = await tx.selectFrom('operator_tokens').select('hash').limit(1).executeTakeFirst();
    if (any !== undefined) return undefined;
    const wish = { name: 'first', role: 'admin', hours: null } as const;
    return issueIn(tx, wish, { ...ground, actor: 'server' });
  });
}

/** The operator whose token this is, while it is good. */
export async function findOperator(
  db: Database,
  token: string,
  now: Date,
): Promise<Operator | undefined> {
  const row = await db
    .selectFrom('operator_tokens')
    .selectAll()
    .where('hash', '=', hashOf(token))
    .executeTakeFirst();
  if (row === undefined || row.revoked_at !== null) return undefined;
  if (row.expires_at !== null && now >= new Date(row.expires_at)) return undefined;
  return { name: row.name, role: row.role };
}

const HOUR = 3_600_000;

async function issueIn(
  tx: Tx,
  { name, role, hours }: OperatorTokenWish,
  { now, actor, randomBytes }: IssueGround,
): Promise<IssuedToken> {
  const token = `slo_${Buffer.from(randomBytes(32)).toString('base64url')}`;
  const expiresAt = hours === null ? null : new Date(now.getTime() + hours * HOUR).toISOString();
  const times = { created_at: now.toISOString(), expires_at: expiresAt, revoked_at: null };
  await tx
    .insertInto('operator_tokens')
    .values({ hash: hashOf(token), name, role, ...times })
    .execute();
  await appendAudit(tx, {
    at: now,
    actor,
    action: 'operator_token_issued',
    subject: `operator-token:${name}`,
    after: { role, expiresAt },
  });
  return { token, expiresAt };
}

function hashOf(token: string): string {
  return sha256Hex(Buffer.from(token, 'utf8'));
}
