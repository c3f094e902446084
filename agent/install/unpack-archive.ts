import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadEntry } from 'tar/read-entry';
import {
  entryRules,
  type AcceptedEntry,
  type AcceptedFolder,
  type ArchiveLimits,
} from '../../shared/release/archive-entries.ts';
import { paxReader, type PaxReader, type SparseHeader } from '../../shared/release/pax-records.ts';
import type { Restore, Rights } from '../../shared/release/restore.ts';
import { sparseContent } from '../../shared/release/sparse-content.ts';
import { readBlocks } from './archive-blocks.ts';
import { openParser, type Guarded } from './archive-parser.ts';
import { setAttributes } from './extended-attributes.ts';

/** While we write into it; the archive's own mode, which may forbid writing, comes last. */
const OPEN_FOLDER_MODE = 0o700;

/** How an archive is unpacked: what a device allows, and what the release asks for. */
export interface Unpacking extends ArchiveLimits {
  readonly restore?: Restore | undefined;
}

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
  how: Unpacking,
  requireRunning: () => void,
): Promise<void> {
  const slot: SlotInWork = {
    folder,
    rules: entryRules(how, how.restore),
    pax: paxReader(how.restore),
    folders: new Map(),
    attributes: new Map(),
    openFiles: new Set(),
  };
  const into = await openParser({
    records: slot.pax.announce,
    entry: (entry, guarded) => {
      unpack(entry, slot, guarded);
    },
  });
  const file = await open(archive, 'r');
  try {
    for await (const block of readBlocks(file, how)) {
      requireRunning();
      into.write(block);
    }
    into.end();
  } finally {
    for (const left of slot.openFiles) closeSync(left);
    await file.close();
  }
  slot.pax.finish();
  // The deepest first: a folder that forbids writing would shut us out of those inside it.
  for (const { path, mode, owner } of [...slot.folders.values()].reverse()) {
    if (owner !== undefined) chownSync(join(folder, path), ...owner);
    chmodSync(join(folder, path), mode);
  }
  await setAttributes(folder, slot.attributes);
}

interface SlotInWork {
  readonly folder: string;
  readonly rules: ReturnType<typeof entryRules>;
  readonly pax: PaxReader;
  /** By path, each after those that it lies in. */
  readonly folders: Map<string, AcceptedFolder>;
  readonly attributes: Map<string, readonly string[]>;
  readonly openFiles: Set<number>;
}

function unpack(offered: ReadEntry, slot: SlotInWork, guarded: Guarded): void {
  const { type, mode = 0, linkpath } = offered;
  const { sparse, rights } = slot.pax.take(offered);
  const { path, size } = sparse ?? offered;
  const { removed, parents, entry } = slot.rules({ type, path, mode, size, linkpath, ...rights });
  for (const each of removed) remove(each, slot);
  for (const each of parents) makeFolder(each, slot);
  if (entry === undefined) return;
  const at = join(slot.folder, entry.path);
  switch (entry.kind) {
    case 'folder':
      makeFolder(entry, slot);
      break;
    case 'symlink':
      makeLink(at, entry);
      break;
    case 'hardlink':
      linkSync(join(slot.folder, entry.source), at);
      note(entry.path, slot.attributes.get(entry.source), slot);
      return;
    case 'file':
      receiveFile(offered, openFile(at, entry, slot), { sparse, guarded });
      break;
  }
  note(entry.path, entry.xattrs, slot);
}

function makeLink(at: string, entry: Extract<AcceptedEntry, { kind: 'symlink' }>): void {
  symlinkSync(entry.target, at);
  if (entry.owner !== undefined) lchownSync(at, ...entry.owner);
}

/** Remembers attributes, which are set when everything else is done. */
function note(path: string, xattrs: Rights['xattrs'] = [], { attributes }: SlotInWork): void {
  if (xattrs.length > 0) attributes.set(path, xattrs);
}

function remove(path: string, { folder, folders, attributes }: SlotInWork): void {
  if (folders.delete(path)) rmdirSync(join(folder, path));
  else unlinkSync(join(folder, path));
  attributes.delete(path);
}

function makeFolder(entry: AcceptedFolder, { folder, folders }: SlotInWork): void {
  if (!folders.has(entry.path)) mkdirSync(join(folder, entry.path), OPEN_FOLDER_MODE);
  folders.set(entry.path, entry);
}

interface OpenFile {
  readonly file: number;
  readonly close: () => void;
}

/** `wx`: at a free place, and never through a link. The mode is the archive's, whatever our umask. */
function openFile(
  at: string,
  { mode, owner }: Extract<AcceptedEntry, { kind: 'file' }>,
  { openFiles }: SlotInWork,
): OpenFile {
  const file = openSync(at, 'wx', 0o600);
  openFiles.add(file);
  const close = (): void => {
    if (owner !== undefined) fchownSync(file, ...owner);
    fchmodSync(file, mode); // after the owner: a change of that takes setuid away
    openFiles.delete(file);
    closeSync(file);
  };
  return { file, close };
}

interface HowToReceive {
  /** Where the content has holes. */
  readonly sparse: SparseHeader | undefined;
  readonly guarded: Guarded;
}

function receiveFile(
  offered: ReadEntry,
  { file, close }: OpenFile,
  { sparse, guarded }: HowToReceive,
): void {
  const content =
    sparse &&
    sparseContent(sparse.size, (at, bytes) => {
      writeAll(file, bytes, at);
    });
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
