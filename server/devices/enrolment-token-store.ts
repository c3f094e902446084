import { sha256Hex } from '../../shared/crypto/digest.ts';
import type { EnrolmentTokenRow, Tx } from '../database/schema.ts';

/** A token for enrolling devices, as an operator asked for it. */
export interface NewEnrolmentToken {
  readonly token: string;
  readonly name: string;
  readonly product: string | null;
  readonly uses: number;
  readonly accepts: boolean;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** Only the hash is stored: whoever reads the database can enrol nothing. */
export async function insertEnrolmentToken(tx: Tx, token: NewEnrolmentToken): Promise<void> {
  await tx
    .insertInto('enrolment_tokens')
    .values({
      hash: hashOf(token.token),
      name: token.name,
      product: token.product,
      uses_left: token.uses,
      accepts: token.accepts ? 1 : 0,
      created_at: token.createdAt.toISOString(),
      expires_at: token.expiresAt.toISOString(),
    })
    .execute();
}

/** The token as it is stored, spent or not. */
export async function findEnrolmentToken(
  tx: Tx,
  token: string,
): Promise<EnrolmentTokenRow | undefined> {
  return tx
    .selectFrom('enrolment_tokens')
    .selectAll()
    .where('hash', '=', hashOf(token))
    .executeTakeFirst();
}

/** Takes one use from a token that has one left. */
export async function spendEnrolmentToken(tx: Tx, hash: string): Promise<void> {
  await tx
    .updateTable('enrolment_tokens')
    .set(({ eb }) => ({ uses_left: eb('uses_left', '-', 1) }))
    .where('hash', '=', hash)
    .where('uses_left', '>', 0)
    .execute();
}

function hashOf(token: string): string {
  return sha256Hex(Buffer.from(token, 'utf8'));
}
