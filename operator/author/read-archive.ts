import { createHash } from 'node:crypto';
import { Parser, type ReadEntry } from 'tar';
import { ARCHIVE_LIMITS } from '../../shared/release/archive-entries.ts';
import { paxReader, type PaxReader } from '../../shared/release/pax-records.ts';
import type { Restore } from '../../shared/release/restore.ts';
import { sparseContent } from '../../shared/release/sparse-content.ts';
import { treeDigest } from '../../shared/release/tree-digest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { Failure } from '../failure.ts';
import { archiveTree, type ArchiveTree } from './archive-tree.ts';

/** Reads a tar, plain or gzipped, while it streams by; nothing is unpacked. */
export interface ArchiveReader {
  /** Resolves when the reader can take more. */
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** The digest of what a device will have in its slot (tree-digest.ts), once all is written. */
  readonly finish: () => Promise<string>;
}

/**
 * The tree digest of an archive. What a device would refuse fails here too, so that an author hears
 * it before the fleet does.
 */
export function readArchive(restore: Restore = []): ArchiveReader {
  const tree = archiveTree(restore);
  const pax = paxReader(restore);
  const parser = new Parser({ strict: true, maxDecompressionRatio: Infinity }); // the author's own file
  let broken: Error | undefined;
  const fail = (error: Error): void => {
    broken ??= error;
  };
  const ended = new Promise<void>((resolve) => {
    parser.on('end', resolve);
    parser.on('error', (error: Error) => {
      fail(unreadable(error));
      resolve();
    });
  });
  parser.on('entry', (entry: ReadEntry) => {
    addEntry(tree, entry, { pax, fail });
  });
  parser.on('meta', (records: string) => {
    try {
      pax.announce(records);
    } catch (cause) {
      fail(asFailure(cause));
    }
  });
  parser.on('ignoredEntry', (entry: ReadEntry) => {
    fail(unreadable(new Error(`${entry.path} is of an unknown kind or too large`)));
  });
  return {
    write: async (chunk) => {
      if (broken !== undefined) throw broken;
      if (!parser.write(chunk)) await drained(parser, ended);
    },
    finish: async () => {
      parser.end();
      await ended;
      if (broken !== undefined) throw broken;
      finishRecords(pax);
      if (tree.entries().length === 0) throw unreadable(new Error('it holds nothing'));
      return treeDigest(tree.entries(), restore);
    },
  };
}

/** Hashes one entry. The parser waits until it has been read, so the order of the archive holds. */
function addEntry(tree: ArchiveTree, entry: ReadEntry, { pax, fail }: Around): void {
  const { type, linkpath, mode = 0 } = entry;
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (cause) {
      fail(asFailure(cause)); // an error thrown into the parser would leave it half-way
    }
  };
  guarded(() => {
    const { sparse, rights } = pax.take(entry);
    const { path, size } = sparse ?? entry;
    requireHashable(size);
    const content = sparse === undefined ? plainHash() : sparseHash(sparse.size);
    entry.on('data', (chunk: Buffer) => {
      guarded(() => {
        content.write(chunk);
      });
    });
    entry.on('end', () => {
      guarded(() => {
        tree.add({ type, path, linkpath, mode, size, ...rights }, content.end());
      });
    });
  });
  entry.resume();
}

/** Before its holes are hashed: a few bytes can announce more zeros than a day has time for. */
function requireHashable(size: number): void {
  if (size <= ARCHIVE_LIMITS.unpackedBytes) return;
  throw new Failure('archive_refused', `it holds a file of ${size} bytes`);
}

interface Around {
  readonly pax: PaxReader;
  readonly fail: (error: Error) => void;
}

interface ContentHash {
  readonly write: (chunk: Buffer) => void;
  readonly end: () => string;
}

function plainHash(): ContentHash {
  const hash = createHash('sha256');
  return { write: (chunk) => hash.update(chunk), end: () => hash.digest('hex') };
}

const ZEROS = Buffer.alloc(64 * 1_024);

/** The hash of a file with its holes, which read as zeros. */
function sparseHash(size: number): ContentHash {
  const hash = createHash('sha256');
  let done = 0;
  const fillTo = (offset: number): void => {
    for (; done < offset; done += ZEROS.length) hash.update(ZEROS.subarray(0, offset - done));
    done = offset;
  };
  const content = sparseContent(size, (offset, bytes) => {
    fillTo(offset);
    hash.update(bytes);
    done += bytes.length;
  });
  return {
    write: content.write,
    end: () => {
      content.end();
      fillTo(size);
      return hash.digest('hex');
    },
  };
}

function finishRecords(pax: PaxReader): void {
  try {
    pax.finish();
  } catch (cause) {
    throw asFailure(cause);
  }
}

function asFailure(cause: unknown): Error {
  if (cause instanceof Refusal) return new Failure('archive_refused', cause.message, { cause });
  return cause instanceof Error ? cause : new Error(String(cause));
}

function drained(parser: Parser, ended: Promise<void>): Promise<void> {
  return Promise.race([new Promise<void>((resolve) => parser.once('drain', resolve)), ended]);
}

function unreadable(cause: Error): Failure {
  return new Failure('archive_refused', `the archive cannot be read: ${cause.message}`, { cause });
}
