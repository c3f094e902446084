import { constants } from 'node:fs';
import type { Unflushed } from './unflushed.ts';

/** What a call does to a disk. */
export type CallKind = 'read' | 'change' | 'growth' | 'flush';

/** How a call of node:fs is told: what it does, what a power cut would take back, how half of it is done. */
export interface CallRule {
  readonly kind: (args: readonly unknown[]) => CallKind;
  /** Called before; the answer, if any, after it. */
  readonly note?: (model: Unflushed, args: readonly unknown[]) => (() => void) | undefined;
  readonly half?: (args: readonly unknown[]) => unknown[];
  /** What is removed may be needed again: done here instead; false where there is nothing to do. */
  readonly instead?: (model: Unflushed, args: readonly unknown[]) => boolean;
}

export type CallRules = Readonly<Record<string, CallRule>>;

const reads: CallRule = { kind: () => 'read' };
const changes: CallRule = { kind: () => 'change' };
const opens: CallRule = {
  kind: ([, flags]) => (isReading(flags) ? 'read' : 'growth'),
  note: (model, [path, flags]) => (isReading(flags) ? undefined : model.changes(String(path))),
};
const makes: CallRule = {
  kind: () => 'growth',
  note: (model, [path]) => {
    model.makes(String(path));
  },
};
/** A link: the second argument is where it comes to lie. */
const links: CallRule = {
  kind: () => 'growth',
  note: (model, [, path]) => {
    model.creates(String(path));
  },
};
/** The first argument is the file descriptor. */
const writes: CallRule = {
  kind: () => 'growth',
  note: (model, [fd]) => {
    model.writes(Number(fd));
  },
};
const flushes: CallRule = {
  kind: () => 'flush',
  note:
    (model, [fd]) =>
    () => {
      model.flushed(Number(fd));
    },
};

/** Of node:fs/promises. */
export const PROMISED: CallRules = {
  access: reads,
  lstat: reads,
  readFile: reads,
  readdir: reads,
  readlink: reads,
  realpath: reads,
  stat: reads,
  statfs: reads,
  open: opens,
  chmod: changes,
  mkdir: makes,
  symlink: links,
  link: links,
  copyFile: { kind: () => 'growth', note: (model, [, to]) => model.changes(String(to)) },
  writeFile: {
    kind: () => 'growth',
    note: (model, [path]) => model.changes(String(path)),
    half: ([path, data, ...rest]) => [path, halfOf(data), ...rest],
  },
  rename: {
    kind: () => 'change',
    note: (model, [from, to]) => {
      model.renames(String(from), String(to));
    },
  },
  rm: { kind: () => 'change', instead: (model, [path]) => model.removes(String(path)) },
};

/** Of an open file, with its descriptor as the first argument. */
export const OF_HANDLE: CallRules = {
  read: reads,
  stat: reads,
  sync: flushes,
  datasync: flushes,
  truncate: writes,
  write: {
    ...writes,
    half: ([fd, data, offset = 0, length, at]) => [
      fd,
      data,
      offset,
      Math.floor(Number(length ?? (data as Buffer).length) / 2),
      at,
    ],
  },
  writeFile: { ...writes, half: ([fd, data, ...rest]) => [fd, halfOf(data), ...rest] },
};

/** Of node:fs, by path. */
export const SYNCHRONOUS: CallRules = {
  openSync: opens,
  mkdirSync: makes,
  symlinkSync: links,
  linkSync: links,
  chmodSync: changes,
};

/** Of node:fs, by file descriptor. */
export const BY_DESCRIPTOR: CallRules = {
  writeSync: writes,
  ftruncateSync: writes,
  fchmodSync: changes,
};

function halfOf(data: unknown): Uint8Array {
  const bytes = Buffer.from(data as Uint8Array);
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}

function isReading(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & (constants.O_WRONLY | constants.O_RDWR)) === 0;
  return flags === 'r' || flags === undefined;
}
