import {
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * What of a folder is in memory only, and would be gone after a power cut: the content of files since
 * their last flush, and names in folders since the flush of the folder. The worst that POSIX allows.
 */
export interface Unflushed {
  /** A file is about to be opened for writing; the answer is called when it is open. */
  readonly changes: (path: string) => (() => void) | undefined;
  /** A link is about to be made. */
  readonly creates: (path: string) => undefined;
  /** A folder is about to be made, with those above it. */
  readonly makes: (path: string) => undefined;
  readonly renames: (from: string, to: string) => undefined;
  /** Removes it, so that it can come back. Answers false where there is nothing to remove. */
  readonly removes: (path: string) => boolean;
  /** An open file is about to be written to. */
  readonly writes: (fd: number) => undefined;
  /** A file or a folder was flushed. */
  readonly flushed: (fd: number) => void;
  /** The power goes. */
  readonly lose: () => void;
  readonly forget: () => void;
}

interface NameChange {
  readonly folder: number;
  readonly undo: () => void;
}

/** A model of what is not flushed below `root`; what was removed is kept beside it. */
export function unflushed(root: string): Unflushed {
  const attic = mkdtempSync(join(dirname(root), `${basename(root)}-attic-`));
  const contents = new Map<number, Buffer>(); // by inode: what the disk holds of it
  let names: NameChange[] = [];
  let kept = 0;
  const keepAt = (): string => join(attic, String((kept += 1)));
  const renamed = (folder: string, undo: () => void): void => {
    names.push({ folder: inodeOf(folder), undo });
  };
  const created = (path: string): undefined => {
    renamed(dirname(path), () => {
      rmSync(path, { recursive: true, force: true });
    });
    return undefined;
  };
  const dirty = (inode: number, content: () => Buffer): void => {
    if (!contents.has(inode)) contents.set(inode, content());
  };
  return {
    changes: (path) => {
      if (existsSync(path)) {
        dirty(inodeOf(path), () => readFileSync(path));
        return undefined;
      }
      return () => {
        created(path);
        dirty(inodeOf(path), () => Buffer.alloc(0));
      };
    },
    creates: created,
    makes: (path) => {
      if (existsSync(path)) return undefined;
      let first = path;
      while (!existsSync(dirname(first))) first = dirname(first);
      created(first);
    },
    renames: (from, to) => {
      const before = exists(to) && !lstatSync(to).isDirectory() ? keepAt() : undefined;
      if (before !== undefined) linkSync(to, before);
      renamed(dirname(to), () => {
        renameSync(to, from);
        if (before !== undefined) renameSync(before, to);
      });
      return undefined;
    },
    removes: (path) => {
      if (!exists(path)) return false;
      const at = keepAt();
      renameSync(path, at);
      renamed(dirname(path), () => {
        renameSync(at, path);
      });
      return true;
    },
    writes: (fd) => {
      dirty(fstatSync(fd).ino, () => readFileSync(`/proc/self/fd/${fd}`));
      return undefined;
    },
    flushed: (fd) => {
      const { ino } = fstatSync(fd);
      contents.delete(ino);
      names = names.filter(({ folder }) => folder !== ino);
    },
    lose: () => {
      for (const { undo } of names.reverse()) undo();
      for (const path of filesIn(root)) {
        const content = contents.get(inodeOf(path));
        if (content !== undefined) writeFileSync(path, content);
      }
    },
    forget: () => {
      rmSync(attic, { recursive: true, force: true });
    },
  };
}

function inodeOf(path: string): number {
  return statSync(path).ino;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.isFile() ? [path] : [];
  });
}
