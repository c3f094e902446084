import type SQLite from 'better-sqlite3';
import type { SqliteDatabase } from 'kysely';

/** What must never be garbage-collected; see {@link keepStatements}. */
const kept: object[] = [];

/**
 * The database as Kysely sees it, each SQL text prepared once and kept as long as the process lives.
 *
 * It saves preparing; and Node from 24.19 on aborts when the garbage collector frees a statement of
 * better-sqlite3 12 between two turns (better-sqlite3#1515, closed unmended; version 13 is mended and
 * has left Node 20). There are as many texts as queries times the sizes of their batches, which are
 * bounded.
 */
export function keepStatements(sqlite: SQLite.Database): SqliteDatabase {
  const statements = new Map<string, SQLite.Statement>();
  kept.push(sqlite, statements);
  return {
    prepare: (sql) => {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const prepared = sqlite.prepare(sql);
      statements.set(sql, prepared);
      return prepared;
    },
    close: () => {
      sqlite.close();
    },
  };
}
