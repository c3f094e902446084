import {
  ARCHIVE_LIMITS,
  entryRules,
  IMPLIED_FOLDER_MODE,
  type AcceptedEntry,
  type OfferedEntry,
} from '../../shared/release/archive-entries.ts';
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
export function archiveTree(): ArchiveTree {
  const tree = new Map<string, TreeEntry>();
  const rules = entryRules(ARCHIVE_LIMITS);
  return {
    add: (offered, sha256) => {
      const { parents, entry } = judged(() => rules(offered));
      for (const path of parents) {
        tree.set(path, { kind: 'folder', path, mode: IMPLIED_FOLDER_MODE });
      }
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
  const { kind, path } = entry;
  switch (kind) {
    case 'file':
      return { kind, path, mode: entry.mode, sha256 };
    case 'folder':
      return { kind, path, mode: entry.mode };
    case 'symlink':
      return { kind, path, target: entry.target };
    case 'hardlink': {
      const linked = tree.get(entry.source);
      if (linked === undefined) throw new Error(`bug: ${path} links to nothing`);
      return { ...linked, path }; // the same content and mode once more
    }
  }
}

function judged<T>(rule: () => T): T {
  try {
    return rule();
  } catch (cause) {
    if (cause instanceof Refusal) throw new Failure('archive_refused', cause.message, { cause });
    throw cause;
  }
}
