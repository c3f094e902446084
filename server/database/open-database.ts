import SQLite from 'better-sqlite3';
import { Kysely, Migrator, SqliteDialect } from 'kysely';
import { keepStatements } from './keep-statements.ts';
import { MIGRATIONS } from './migrations.ts';
import type { Database, Tables } from './schema.ts';

/**
 * Opens the SQLite file, creating it or bringing it up to date. `:memory:` makes one for a test.
 *
 * `synchronous=FULL`: what we acknowledge to a device or an author survives a power cut. NORMAL
 * would be faster and would lose the last acknowledgements.
 */
export async function openDatabase(file: string): Promise<Database> {
  const sqlite = new SQLite(file);
  sqlite.exec('pragma journal_mode = WAL');
  sqlite.exec('pragma synchronous = FULL');
  sqlite.exec('pragma foreign_keys = ON');
  const db = new Kysely<Tables>({
    dialect: new SqliteDialect({ database: keepStatements(sqlite) }),
  });
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error(`cannot migrate ${file}`, { cause: error });
  return db;
}
