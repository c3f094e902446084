import {
  chmodSync,
  closeSync,
  fchmodSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadEntry } from 'tar/read-entry';
import {
  entryRules,
  IMPLIED_FOLDER_MODE,
  type AcceptedEntry,
  type ArchiveLimits,
} from '../../shared/release/archive-entries.ts';
import {
  sparseQueue,
  type SparseHeader,
  type SparseQueue,
} from '../../shared/release/pax-records.ts';
import { sparseContent } from '../../shared/release/sparse-content.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { isOfPlatform } from '../platform-error.ts';
import { readBlocks } from './archive-blocks.ts';

/** While we write into it; the archive's own mode, which may forbid writing, comes last. */
const OPEN_FOLDER_MODE = 0o700;

/**
 * Unpacks a tar (plain or gzip), whose hash has been checked, into an empty folder. Throws a
 * {@link Refusal} at the first entry that must not be unpacked; nothing outside the slot is touched.
 *
 * Entries are written synchronously, so each is complete before the next header is read and no
 * more than one block of the archive is ever in memory.
 */
export async function unpackArchive(
  archive: string,
  folder: string,
  limits: ArchiveLimits,
  requireRunning: () => void,
): Promise<void> {
  const slot: SlotInWork = {
    folder,
    rules: entryRules(limits),
    sparse: sparseQueue(),
    folders: [],
    openFiles: new Set(),
  };
  const into = await openParser(slot);
  const file = await open(archive, 'r');
  try {
    for await (const block of readBlocks(file, limits)) {
      requireRunning();
      into.write(block);
    }
    into.end();
  } finally {
    for (const left of slot.openFiles) closeSync(left);
    await file.close();
  }
  slot.sparse.finish();
  // The deepest first: a folder that forbids writing would shut us out of those inside it.
  for (const { path, mode } of slot.folders.reverse()) chmodSync(path, mode);
}

/** Takes the archive in pieces; throws at the first thing that is wrong with it. */
interface IntoSlot {
  readonly write: (block: Buffer) => void;
  readonly end: () => void;
}

async function openParser(slot: SlotInWork): Promise<IntoSlot> {
  const { Parser } = await import('tar/parse'); // only now: an idle agent does without
  const parser = new Parser({ strict: true, gzip: true });
  let failure: Error | undefined;
  let entries = 0;
  const fail = (cause: unknown): void => {
    failure ??= cause instanceof Error ? cause : new Error(String(cause));
  };
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (cause) {
      fail(cause); // an error thrown into the parser would leave it half-way
    }
  };
  parser.on('entry', (entry: ReadEntry) => {
    entries += 1;
    guarded(() => {
      if (failure === undefined) unpack(entry, slot, fail);
    });
    entry.resume();
  });
  parser.on('meta', (records: string) => {
    guarded(() => {
      slot.sparse.announce(records);
    });
  });
  parser.on('ignoredEntry', ({ path, type }: ReadEntry) => {
    fail(new Refusal('archive_entry_refused', `${JSON.stringify(path)} is of kind ${type}`));
  });
  parser.on('error', (cause: unknown) => {
    fail(malformed(cause));
  });
  return {
    write: (block) => {
      parser.write(block);
      if (failure !== undefined) throw failure;
    },
    end: () => {
      parser.end();
      if (failure !== undefined) throw failure;
      if (entries === 0) throw new Refusal('archive_malformed', 'the archive holds nothing');
    },
  };
}

interface FolderMode {
  readonly path: string;
  readonly mode: number;
}

interface SlotInWork {
  readonly folder: string;
  readonly rules: ReturnType<typeof entryRules>;
  readonly sparse: SparseQueue;
  readonly folders: FolderMode[];
  readonly openFiles: Set<number>;
}

function unpack(offered: ReadEntry, slot: SlotInWork, fail: (cause: unknown) => void): void {
  const { type, mode = 0, linkpath } = offered;
  const sparse = slot.sparse.take(offered.path);
  const { path, size } = sparse ?? offered;
  const { parents, entry } = slot.rules({ type, path, mode, size, linkpath });
  for (const parent of parents) {
    mkdirSync(join(slot.folder, parent), OPEN_FOLDER_MODE);
    slot.folders.push({ path: join(slot.folder, parent), mode: IMPLIED_FOLDER_MODE });
  }
  if (entry === undefined) return;
  const at = join(slot.folder, entry.path);
  switch (entry.kind) {
    case 'folder':
      makeFolder(at, entry.mode, slot.folders);
      break;
    case 'symlink':
      symlinkSync(entry.target, at);
      break;
    case 'hardlink':
      linkSync(join(slot.folder, entry.source), at);
      break;
    case 'file':
      receiveFile(offered, openFile(at, entry, slot), { sparse, fail });
      break;
  }
}

function makeFolder(at: string, mode: number, folders: FolderMode[]): void {
  const implied = folders.findIndex(({ path }) => path === at);
  if (implied >= 0) folders.splice(implied, 1, { path: at, mode });
  else {
    mkdirSync(at, OPEN_FOLDER_MODE);
    folders.push({ path: at, mode });
  }
}

interface OpenFile {
  readonly file: number;
  readonly close: () => void;
}

/** `wx`: at a free place, and never through a link. The mode is the archive's, whatever our umask. */
function openFile(
  at: string,
  { mode }: Extract<AcceptedEntry, { kind: 'file' }>,
  { openFiles }: SlotInWork,
): OpenFile {
  const file = openSync(at, 'wx', 0o600);
  openFiles.add(file);
  const close = (): void => {
    fchmodSync(file, mode);
    openFiles.delete(file);
    closeSync(file);
  };
  return { file, close };
}

interface HowToReceive {
  /** Where the content has holes. */
  readonly sparse: SparseHeader | undefined;
  readonly fail: (cause: unknown) => void;
}

function receiveFile(
  offered: ReadEntry,
  { file, close }: OpenFile,
  { sparse, fail }: HowToReceive,
): void {
  const content =
    sparse &&
    sparseContent(sparse.size, (at, bytes) => {
      writeAll(file, bytes, at);
    });
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (cause) {
      fail(cause); // an error thrown into the parser would leave it half-way
    }
  };
  offered.on('data', (chunk: Buffer) => {
    guarded(() => {
      if (content === undefined) writeAll(file, chunk);
      else content.write(chunk);
    });
  });
  offered.on('end', () => {
    guarded(() => {
      content?.end();
      if (sparse !== undefined) ftruncateSync(file, sparse.size); // the last hole
      close();
    });
  });
}

/** Where the file stands, or at a place of its own. */
function writeAll(file: number, chunk: Uint8Array, at?: number): void {
  for (let written = 0; written < chunk.length;) {
    const position = at === undefined ? null : at + written;
    written += writeSync(file, chunk, written, chunk.length - written, position);
  }
}

function malformed(cause: unknown): Error {
  if (cause instanceof Refusal || isOfPlatform(cause)) return cause;
  const says = cause instanceof Error ? cause.message : 'unreadable';
  return new Refusal('archive_malformed', `the archive cannot be read: ${says}`, { cause });
}
