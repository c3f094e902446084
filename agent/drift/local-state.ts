import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Sha256 } from '../../shared/metadata/fields.ts';
import type { Restore } from '../../shared/release/restore.ts';
import { treeDigest, type TreeEntry } from '../../shared/release/tree-digest.ts';
import { readIfThere, writeDurably } from '../install/durable-file.ts';
import type { Place } from '../install/installer.ts';

const path = z.string();
const mode = z.int();
const rights = {
  owner: z.optional(z.tuple([z.int(), z.int()])),
  xattrs: z.optional(z.array(z.string())),
};
const Entries = z.array(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('folder'), path, mode, ...rights }),
    z.strictObject({ kind: z.literal('file'), path, mode, sha256: Sha256, ...rights }),
    z.strictObject({ kind: z.literal('symlink'), path, target: z.string(), ...rights }),
  ]),
);

/** The paths of a slot that may change, and what the release had brought there. */
export interface LocalState {
  /** Notes what has just been unpacked. */
  readonly note: (place: Place, entries: readonly TreeEntry[]) => Promise<void>;
  /** The digest of a tree as if its local state were as it was installed. */
  readonly digestWithout: (
    place: Place,
    entries: readonly TreeEntry[],
    restore: Restore | undefined,
  ) => Promise<string>;
}

/**
 * Local state under `allow`, with a file in `folder` for each component of a slot. What is noted there
 * needs no protection: only the right entries make the signed digest again.
 */
export function localState(folder: string, allow: readonly string[]): LocalState {
  const isLocal = ({ path: at }: TreeEntry): boolean =>
    allow.some((allowed) => at === allowed || at.startsWith(`${allowed}/`));
  const fileOf = ({ slot, component }: Place): string => join(folder, `${slot}.${component}.json`);
  return {
    note: async (place, entries) => {
      if (allow.length === 0) return;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const text = JSON.stringify(entries.filter(isLocal));
      await writeDurably(fileOf(place), Buffer.from(text, 'utf8'));
    },
    digestWithout: async (place, entries, restore) => {
      const installed = allow.length === 0 ? [] : entriesIn(await readIfThere(fileOf(place)));
      const without = [...entries.filter((entry) => !isLocal(entry)), ...installed.filter(isLocal)];
      return treeDigest(without, restore);
    },
  };
}

/** A file that is spoiled knows nothing, so that what changed there counts as drift. */
function entriesIn(bytes: Buffer | undefined): readonly TreeEntry[] {
  if (bytes === undefined) return [];
  try {
    return Entries.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return [];
  }
}
