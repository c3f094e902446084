import { expect, test } from 'vitest';
import {
  AUDIT_GENESIS,
  auditHash,
  verifyAudit,
  type AuditEntry,
} from '../../shared/protocol/audit.ts';

function chain(length: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let sequence = 1; sequence <= length; sequence += 1) {
    const entry = {
      sequence,
      at: '2026-06-01T12:00:00.000Z',
      actor: 'anna',
      action: 'release.published',
      subject: `gateway ${sequence}`,
      before: null,
      after: '{}',
      previousHash: entries.at(-1)?.hash ?? AUDIT_GENESIS,
    };
    entries.push({ ...entry, hash: auditHash(entry) });
  }
  return entries;
}

test('an untouched trail is whole', () => {
  const entries = chain(5);

  expect(verifyAudit(entries)).toEqual({ kind: 'whole', entries: 5, head: entries[4]?.hash });
  expect(verifyAudit([])).toEqual({ kind: 'whole', entries: 0, head: AUDIT_GENESIS });
});

test.each([
  [
    'changed',
    (all: AuditEntry[]) => all.map((e) => (e.sequence === 3 ? { ...e, actor: 'eve' } : e)),
  ],
  ['removed', (all: AuditEntry[]) => all.filter((e) => e.sequence !== 3)],
  ['repeated', (all: AuditEntry[]) => all.flatMap((e) => (e.sequence === 3 ? [e, e] : [e]))],
  ['swapped', ([a, b, c, d, e]: AuditEntry[]) => [a, b, d, c, e] as AuditEntry[]],
])('a trail in which an entry was %s is broken there', (_how, attack) => {
  expect(verifyAudit(attack(chain(5)))).toMatchObject({ kind: 'broken' });
});

test('an entry rewritten together with its own hash breaks the next one', () => {
  const entries = chain(5).map((entry) => {
    if (entry.sequence !== 3) return entry;
    const forged = { ...entry, actor: 'eve' };
    return { ...forged, hash: auditHash(forged) };
  });

  expect(verifyAudit(entries)).toMatchObject({ kind: 'broken', sequence: 4 });
});
