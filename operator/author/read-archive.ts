import { createHash } from 'node:crypto';
import { Parser, type ReadEntry } from 'tar';
import { treeDigest } from '../../shared/release/tree-digest.ts';
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
export function readArchive(): ArchiveReader {
  const tree = archiveTree();
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
    addEntry(tree, entry, fail);
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
      if (tree.entries().length === 0) throw unreadable(new Error('it holds nothing'));
      return treeDigest(tree.entries());
    },
  };
}

/** Hashes one entry. The parser waits until it has been read, so the order of the archive holds. */
function addEntry(tree: ArchiveTree, entry: ReadEntry, fail: (error: Error) => void): void {
  const { type, path, linkpath, mode = 0, size } = entry;
  const hash = createHash('sha256');
  entry.on('data', (chunk: Buffer) => hash.update(chunk));
  entry.on('end', () => {
    try {
      tree.add({ type, path, linkpath, mode, size }, hash.digest('hex'));
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function drained(parser: Parser, ended: Promise<void>): Promise<void> {
  return Promise.race([new Promise<void>((resolve) => parser.once('drain', resolve)), ended]);
}

function unreadable(cause: Error): Failure {
  return new Failure('archive_refused', `the archive cannot be read: ${cause.message}`, { cause });
}
