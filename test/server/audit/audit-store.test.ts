import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { AUDIT_GENESIS, verifyAudit } from '../../../shared/protocol/audit.ts';
import { appendAudit, listAudit } from '../../../server/audit/audit-store.ts';
import { openDatabase } from '../../../server/database/open-database.ts';
import type { Database } from '../../../server/database/schema.ts';

const at = new Date('2026-06-01T12:00:00Z');

async function trailOf(actions: readonly string[]): Promise<Database> {
  const db = await openDatabase(':memory:');
  for (const action of actions) {
    await db.transaction().execute((tx) =>
      appendAudit(tx, {
        at,
        actor: 'operator:ann',
        action,
        subject: 'device:d1',
        before: { state: 'pending' },
        after: { state: action },
      }),
    );
  }
  return db;
}

async function whole(db: Database): Promise<Awaited<ReturnType<typeof listAudit>>> {
  return listAudit(db, { after: 0, limit: 100 });
}

test('entries tell who did what to what, and follow each other by hash', async () => {
  const entries = await whole(await trailOf(['accepted', 'retired']));

  expect(entries).toMatchObject([
    {
      sequence: 1,
      at: '2026-06-01T12:00:00.000Z',
      actor: 'operator:ann',
      action: 'accepted',
      before: '{"state":"pending"}',
      after: '{"state":"accepted"}',
      previousHash: AUDIT_GENESIS,
    },
    { sequence: 2, previousHash: entries[0]?.hash },
  ]);
  expect(verifyAudit(entries)).toEqual({ kind: 'whole', entries: 2, head: entries[1]?.hash });
});

test('entries are listed a page at a time', async () => {
  const db = await trailOf(['one', 'two', 'three']);

  const page = await listAudit(db, { after: 1, limit: 1 });

  expect(page.map(({ action }) => action)).toEqual(['two']);
});

test('a deed that is rolled back leaves no entry', async () => {
  const db = await trailOf([]);

  const deed = db.transaction().execute(async (tx) => {
    await appendAudit(tx, { at, actor: 'server', action: 'undone', subject: 'x' });
    throw new Error('the deed failed');
  });

  await expect(deed).rejects.toThrow('the deed failed');
  expect(await whole(db)).toEqual([]);
});

test.each(['update audit set actor = 1', 'delete from audit'])(
  'the database refuses: %s',
  async (statement) => {
    const db = await trailOf(['accepted']);

    await expect(sql.raw(statement).execute(db)).rejects.toThrow('audit is append-only');
    expect(await whole(db)).toHaveLength(1);
  },
);

test.each([
  ['a changed entry', "update audit set actor = 'operator:eve' where sequence = 2", 2],
  ['a removed entry', 'delete from audit where sequence = 2', 2],
  ['a removed beginning', 'delete from audit where sequence = 1', 1],
])('%s is found even when the triggers were taken away', async (_name, statement, sequence) => {
  const db = await trailOf(['one', 'two', 'three']);
  await sql.raw('drop trigger audit_no_update').execute(db);
  await sql.raw('drop trigger audit_no_delete').execute(db);

  await sql.raw(statement).execute(db);

  expect(verifyAudit(await whole(db))).toMatchObject({ kind: 'broken', sequence });
});
