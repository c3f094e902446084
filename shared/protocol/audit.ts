import { sha256Hex } from '../crypto/digest.ts';
import { canonicalBytes } from '../metadata/canonical-json.ts';

/** One entry of the audit trail, as the server stores it and anybody can check it. */
export interface AuditEntry {
  readonly sequence: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  /** JSON text of the state before and after, or null. */
  readonly before: string | null;
  readonly after: string | null;
  readonly previousHash: string;
  readonly hash: string;
}

/** `previousHash` of entry 1. */
export const AUDIT_GENESIS = '0'.repeat(64);

/** The hash of an entry: over everything in it, and the hash of the one before. */
export function auditHash(entry: Omit<AuditEntry, 'hash'>): string {
  const { sequence, at, actor, action, subject, before, after, previousHash } = entry;
  return sha256Hex(
    canonicalBytes({ sequence, at, actor, action, subject, before, after, previousHash }),
  );
}

export type AuditVerdict =
  | { readonly kind: 'whole'; readonly entries: number; readonly head: string }
  | { readonly kind: 'broken'; readonly sequence: number; readonly why: string };

/** Walks the chain from `previous`: a changed, missing, repeated or reordered entry breaks it. */
export function verifyAudit(entries: Iterable<AuditEntry>): AuditVerdict {
  let expected = 1;
  let head = AUDIT_GENESIS;
  for (const entry of entries) {
    const broken = (why: string): AuditVerdict => ({ kind: 'broken', sequence: expected, why });
    if (entry.sequence !== expected) return broken(`found entry ${entry.sequence} in its place`);
    if (entry.previousHash !== head) return broken('it does not follow the entry before');
    if (auditHash(entry) !== entry.hash) return broken('its content was changed');
    head = entry.hash;
    expected += 1;
  }
  return { kind: 'whole', entries: expected - 1, head };
}
