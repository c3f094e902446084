import * as z from 'zod/mini';
import { AUDIT_GENESIS, verifyAudit, type AuditEntry } from '../../shared/protocol/audit.ts';
import { Sha256 } from '../../shared/metadata/fields.ts';
import { Failure } from '../failure.ts';
import { readJsonFile, writeJsonFile } from '../workspace/json-file.ts';

const PAGE = 500;

const Head = z.strictObject({
  server: z.string(),
  sequence: z.int().check(z.minimum(0)),
  hash: Sha256,
});

/** The newest entry that this workspace has seen. */
export type AuditHead = Readonly<z.infer<typeof Head>>;

/** Every entry from the first, page by page. */
export async function downloadTrail(
  page: (after: number, limit: number) => Promise<readonly AuditEntry[]>,
): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (;;) {
    const next = await page(entries.at(-1)?.sequence ?? 0, PAGE);
    if (next.length === 0) return entries;
    const reached = entries.at(-1)?.sequence ?? 0;
    // A server that repeats itself would keep us here for ever.
    if ((next.at(-1)?.sequence ?? 0) <= reached) {
      throw new Failure('audit_broken', `after entry ${reached} the server answers earlier ones`);
    }
    entries.push(...next);
  }
}

/**
 * The head of a trail whose chain holds and that goes on from the head seen before. The chain alone
 * cannot show that the newest entries are gone, or that all of it was written anew: `seen` can.
 */
export function requireWholeTrail(
  server: string,
  entries: readonly AuditEntry[],
  seen: AuditHead | undefined,
): AuditHead {
  const verdict = verifyAudit(entries);
  if (verdict.kind === 'broken') {
    throw new Failure('audit_broken', `entry ${verdict.sequence}: ${verdict.why}`);
  }
  if (seen?.server === server) requireContinues(entries, seen);
  return { server, sequence: verdict.entries, hash: verdict.head };
}

/** What was seen last time, if anything. */
export function loadAuditHead(path: string): Promise<AuditHead | undefined> {
  return readJsonFile(path, Head);
}

/** Remembers the head for next time. */
export async function saveAuditHead(path: string, head: AuditHead): Promise<void> {
  await writeJsonFile(path, head);
}

function requireContinues(entries: readonly AuditEntry[], seen: AuditHead): void {
  if (entries.length < seen.sequence) {
    throw new Failure(
      'audit_cut',
      `the trail has ${entries.length} entries, ${seen.sequence} were seen before`,
    );
  }
  const there = entries[seen.sequence - 1]?.hash ?? AUDIT_GENESIS;
  if (there !== seen.hash) {
    throw new Failure('audit_rewritten', `entry ${seen.sequence} is not the one seen before`);
  }
}
