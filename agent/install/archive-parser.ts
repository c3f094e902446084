import type { ReadEntry } from 'tar/read-entry';
import { notAllowed } from '../../shared/release/not-allowed.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { isOfPlatform } from '../platform-error.ts';

/** What becomes of the parts of an archive, in their order. What it throws ends the archive. */
export interface ArchiveVisitor {
  /** PAX records, which are about the next entry. */
  readonly records: (text: string) => void;
  readonly entry: (entry: ReadEntry, guarded: Guarded) => void;
}

/** Does something; an error thrown into the parser would leave it half-way. */
export type Guarded = (work: () => void) => void;

/** Takes the archive in pieces; throws at the first thing that is wrong with it. */
export interface ArchiveParser {
  readonly write: (block: Buffer) => void;
  readonly end: () => void;
}

/** Reads an archive that is no longer packed. */
export async function openParser(visitor: ArchiveVisitor): Promise<ArchiveParser> {
  const { Parser } = await import('tar/parse'); // only now: an idle agent does without
  const parser = new Parser({ strict: true, gzip: true });
  let failure: Error | undefined;
  let entries = 0;
  const fail = (cause: unknown): void => {
    failure ??= cause instanceof Error ? cause : new Error(String(cause));
  };
  const guarded: Guarded = (work) => {
    try {
      if (failure === undefined) work();
    } catch (cause) {
      fail(cause);
    }
  };
  parser.on('entry', (entry: ReadEntry) => {
    entries += 1;
    guarded(() => {
      visitor.entry(entry, guarded);
    });
    entry.resume();
  });
  parser.on('meta', (records: string) => {
    guarded(() => {
      visitor.records(records);
    });
  });
  parser.on('ignoredEntry', ({ path, type }: ReadEntry) => {
    fail(notAllowed(path, `is of kind ${type}`));
  });
  parser.on('error', (cause: unknown) => {
    fail(malformed(cause));
  });
  const requireWell = (): void => {
    if (failure !== undefined) throw failure;
  };
  return {
    write: (block) => {
      parser.write(block);
      requireWell();
    },
    end: () => {
      parser.end();
      requireWell();
      if (entries === 0) throw new Refusal('archive_malformed', 'the archive holds nothing');
    },
  };
}

function malformed(cause: unknown): Error {
  if (cause instanceof Refusal || isOfPlatform(cause)) return cause;
  const says = cause instanceof Error ? cause.message : 'unreadable';
  return new Refusal('archive_malformed', `the archive cannot be read: ${says}`, { cause });
}
