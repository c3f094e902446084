import {
  chmodSync,
  closeSync,
  fchmodSync,
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
  const { Parser } = await import('tar/parse'); // only now: an idle agent does without
  const slot: SlotInWork = { folder, rules: entryRules(limits), folders: [], openFiles: new Set() };
  const parser = new Parser({ strict: true, gzip: true });
  let failure: Error | undefined;
  let entries = 0;
  const fail = (cause: unknown): void => {
    failure ??= cause instanceof Error ? cause : new Error(String(cause));
  };
  const unpackOne = (entry: ReadEntry): void => {
    entries += 1;
    try {
      if (failure === undefined) unpack(entry, slot, fail);
    } catch (cause) {
      fail(cause);
    }
    entry.resume();
  };
  parser.on('entry', unpackOne);
  parser.on('ignoredEntry', ({ path, type }: ReadEntry) => {
    fail(new Refusal('archive_entry_refused', `${JSON.stringify(path)} is of kind ${type}`));
  });
  parser.on('error', (cause: unknown) => {
    fail(malformed(cause));
  });

  const file = await open(archive, 'r');
  try {
    for await (const block of readBlocks(file, limits)) {
      requireRunning();
      parser.write(block);
      if (failure !== undefined) throw failure;
    }
    parser.end();
  } finally {
    for (const left of slot.openFiles) closeSync(left);
    await file.close();
  }
  if (failure !== undefined) throw failure;
  if (entries === 0) throw new Refusal('archive_malformed', 'the archive holds nothing');
  // The deepest first: a folder that forbids writing would shut us out of those inside it.
  for (const { path, mode } of slot.folders.reverse()) chmodSync(path, mode);
}

interface FolderMode {
  readonly path: string;
  readonly mode: number;
}

interface SlotInWork {
  readonly folder: string;
  readonly rules: ReturnType<typeof entryRules>;
  readonly folders: FolderMode[];
  readonly openFiles: Set<number>;
}

function unpack(offered: ReadEntry, slot: SlotInWork, fail: (cause: unknown) => void): void {
  const { type, path, mode = 0, size, linkpath } = offered;
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
      receiveFile(offered, openFile(at, entry, slot), fail);
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

function receiveFile(
  offered: ReadEntry,
  { file, close }: OpenFile,
  fail: (cause: unknown) => void,
): void {
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (cause) {
      fail(cause); // an error thrown into the parser would leave it half-way
    }
  };
  offered.on('data', (chunk: Buffer) => {
    guarded(() => {
      writeAll(file, chunk);
    });
  });
  offered.on('end', () => {
    guarded(close);
  });
}

function writeAll(file: number, chunk: Buffer): void {
  for (let written = 0; written < chunk.length;) {
    written += writeSync(file, chunk, written);
  }
}

function malformed(cause: unknown): Error {
  if (cause instanceof Refusal || isOfPlatform(cause)) return cause;
  const says = cause instanceof Error ? cause.message : 'unreadable';
  return new Refusal('archive_malformed', `the archive cannot be read: ${says}`, { cause });
}
