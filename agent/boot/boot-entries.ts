import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { flushFolder, hasCode, writeDurably } from '../install/durable-file.ts';
import type { Slot } from '../state/agent-state.ts';
import { BootTrouble, damaged } from './boot-trouble.ts';
import { SLOTS, type SlotNames } from './slot-names.ts';

/** One slot's entry of systemd-boot (UAPI Boot Loader Specification, type 1). */
export interface BootEntry {
  readonly fileName: string;
  /** Taken away by us: its name no longer ends in `.conf`, so systemd-boot does not see it. */
  readonly isHidden: boolean;
  /** Boot counter in the name; undefined when the entry has proved itself and is not counted. */
  readonly triesLeft: number | undefined;
  /** Its lines, as they stand. */
  readonly text: string;
  readonly sortKey: string;
  readonly version: number;
}

/** Both slots' entries. */
export type BootEntries = Readonly<Record<Slot, BootEntry>>;

const FILE_BYTES = 64 * 1_024;

/** Reads the entries of both slots from `loader/entries`. */
export async function readEntries(folder: string, names: SlotNames): Promise<BootEntries> {
  const files = await filesIn(folder);
  const entry = (slot: Slot): Promise<BootEntry> => readEntry(folder, files, names[slot]);
  const entries = { a: await entry('a'), b: await entry('b') };
  if (entries.a.sortKey !== entries.b.sortKey) {
    throw damaged(
      `sort-key is "${entries.a.sortKey}" in one entry and "${entries.b.sortKey}" in the other`,
    );
  }
  // Among equals systemd-boot goes by the file name: the order must not rest on that.
  if (entries.a.version === entries.b.version) {
    throw damaged(`both entries have version ${entries.a.version}: give one of them a higher one`);
  }
  return entries;
}

/** Gives an entry the counter (or none) that its name is to carry; a rename, so old or new. */
export async function renameEntry(
  folder: string,
  { fileName }: BootEntry,
  newName: string,
): Promise<void> {
  if (fileName === newName) return;
  await rename(join(folder, fileName), join(folder, newName));
  await flushFolder(folder);
}

/** Gives an entry its place in the order: of two good entries the higher version comes first. */
export async function rewriteVersion(
  folder: string,
  { fileName, text }: BootEntry,
  version: number,
): Promise<void> {
  const changed = text.replace(/^version[ \t]+\S+[ \t]*$/m, `version ${version}`);
  await writeDurably(join(folder, fileName), Buffer.from(changed));
}

/** Of two entries that may start, the higher version; an entry without tries only in despair. */
export function firstEntry(entries: BootEntries): Slot | undefined {
  return SLOTS.filter((slot) => mayStart(entries[slot])).sort(
    (left, right) => entries[right].version - entries[left].version,
  )[0];
}

/** Whether systemd-boot starts it of its own accord. */
export function mayStart({ isHidden, triesLeft }: BootEntry): boolean {
  return !isHidden && triesLeft !== 0;
}

async function readEntry(
  folder: string,
  files: readonly string[],
  name: string,
): Promise<BootEntry> {
  const matches = files
    .map((fileName) => ({ fileName, parts: partsOf(fileName) }))
    .filter(({ parts }) => parts?.name === name);
  const [match, ...others] = matches;
  if (match?.parts === undefined || others.length > 0) {
    const said = matches.map(({ fileName }) => fileName).join(' and ');
    throw damaged(`${folder} must hold one entry "${name}", and holds ${said || 'none'}`);
  }
  const { fileName, parts } = match;
  const text = await readFile(join(folder, fileName), 'utf8');
  if (text.length > FILE_BYTES) throw damaged(`${fileName} is longer than ${FILE_BYTES} bytes`);
  const version = /^version[ \t]+([1-9][0-9]{0,8})[ \t]*$/m.exec(text)?.[1];
  const sortKey = /^sort-key[ \t]+(\S+)[ \t]*$/m.exec(text)?.[1];
  // Without a sort-key systemd-boot does not look at the version at all.
  if (version === undefined) throw damaged(`${fileName} has no line "version" with a whole number`);
  if (sortKey === undefined) throw damaged(`${fileName} has no line "sort-key"`);
  const { isHidden, triesLeft } = parts;
  return { fileName, isHidden, triesLeft, text, sortKey, version: Number(version) };
}

function partsOf(
  fileName: string,
):
  | { readonly name: string; readonly isHidden: boolean; readonly triesLeft: number | undefined }
  | undefined {
  const match = /^([^+]+)(?:\+([0-9]{1,6})(?:-[0-9]{1,6})?)?\.conf(\.bad)?$/.exec(fileName);
  const [, name, left, hidden] = match ?? [];
  if (name === undefined) return undefined;
  return {
    name,
    isHidden: hidden !== undefined,
    triesLeft: left === undefined ? undefined : Number(left),
  };
}

async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (!hasCode(cause, 'ENOENT', 'ENOTDIR')) throw cause;
    throw new BootTrouble('boot_environment_damaged', `there is no folder ${folder}`, { cause });
  }
}
