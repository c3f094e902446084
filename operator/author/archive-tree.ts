import {
  ARCHIVE_LIMITS,
  entryRules,
  type AcceptedEntry,
  type OfferedEntry,
} from '../../shared/release/archive-entries.ts';
import type { Restore } from '../../shared/release/restore.ts';
import type { TreeEntry } from '../../shared/release/tree-digest.ts';
import { Refusal } from '../../shared/trust/refusal.ts';
import { Failure } from '../failure.ts';

/** A tree that grows entry by entry, as a device would unpack it. */
export interface ArchiveTree {
  /** Adds an entry; `sha256` is of a file's content. Fails where a device would refuse. */
  readonly add: (offered: OfferedEntry, sha256: string) => void;
  readonly entries: () => readonly TreeEntry[];
}

/** An empty tree, under the device's own rules: an author hears a refusal before the fleet does. */
export function archiveTree(restore: Restore): ArchiveTree {
  const tree = new Map<string, TreeEntry>();
  const rules = entryRules(ARCHIVE_LIMITS, restore);
  return {
    add: (offered, sha256) => {
      const { removed, parents, entry } = judged(() => rules(offered));
      for (const path of removed) tree.delete(path);
      for (const parent of parents) tree.set(parent.path, parent);
      if (entry !== undefined) tree.set(entry.path, standing(tree, entry, sha256));
    },
    entries: () => [...tree.values()],
  };
}

function standing(
  tree: ReadonlyMap<string, TreeEntry>,
  entry: AcceptedEntry,
  sha256: string,
): TreeEntry {
  if (entry.kind === 'file') return { ...entry, sha256 };
  if (entry.kind !== 'hardlink') return entry;
  const { path, source } = entry;
  const linked = tree.get(source);
  if (linked === undefined) throw new Error(`bug: ${path} links to nothing`);
  return { ...linked, path }; // the same content, mode and rights once more
}

function judged<T>(rule: () => T): T {
  try {
    return rule();
  } catch (cause) {
    if (cause instanceof Refusal) throw new Failure('archive_refused', cause.message, { cause });
    throw cause;
  }
}
