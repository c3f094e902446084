import { sql } from 'kysely';
import type { Database } from './schema.ts';

/** Whether the database answers a question. */
export async function isHealthy(db: Database): Promise<boolean> {
  try {
    await sql`select 1`.execute(db);
    return true;
  } catch {
    return false; // whoever asks wants yes or no
  }
}
