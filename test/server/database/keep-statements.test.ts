import SQLite from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { keepStatements } from '../../../server/database/keep-statements.ts';

test('a text is prepared once, and answers with what is in the table at that moment', () => {
  const sqlite = new SQLite(':memory:');
  sqlite.exec('create table numbers (value integer)');
  const prepare = vi.spyOn(sqlite, 'prepare');
  const kept = keepStatements(sqlite);

  for (const value of [1, 2, 3]) {
    kept.prepare('insert into numbers values (?)').run([value]);
    expect(kept.prepare('select value from numbers').all([])).toHaveLength(value);
  }

  expect(prepare).toHaveBeenCalledTimes(2);
  kept.close();
  expect(sqlite.open).toBe(false);
});

test('a statement that does not compile is not remembered', () => {
  const kept = keepStatements(new SQLite(':memory:'));

  expect(() => kept.prepare('select * from later')).toThrow('no such table');
  kept.prepare('create table later (value integer)').run([]);
  expect(kept.prepare('select * from later').all([])).toEqual([]);
});
