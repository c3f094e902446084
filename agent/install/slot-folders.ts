import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { flushFolder } from './durable-file.ts';
import { wipeTree } from './wipe-tree.ts';
import type { SlotFolders } from './write-spare-slot.ts';

/** The folders `a` and `b` in `slotsDir`. */
export function slotFolders(slotsDir: string): SlotFolders {
  const folder: SlotFolders['folder'] = (slot) => join(slotsDir, slot);
  return {
    folder,
    empty: async (slot) => {
      await wipeTree(folder(slot));
      await mkdir(folder(slot), { mode: 0o755 });
    },
    flush: async (slot) => {
      await flushFolder(folder(slot));
      await flushFolder(slotsDir);
    },
  };
}
