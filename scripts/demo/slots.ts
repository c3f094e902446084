import { createHash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device } from '../fleet/device.ts';

/** One digest over everything that stands in a device's slots, and which slot is current. */
export async function slotsDigest({ folder }: Pick<Device, 'folder'>): Promise<string> {
  const slots = join(folder, 'slots');
  const hash = createHash('sha256').update(await readlink(join(slots, 'current')));
  for (const slot of ['a', 'b']) {
    for (const path of await filesBelow(join(slots, slot))) {
      hash.update(path).update(await readFile(path));
    }
  }
  return hash.digest('hex');
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map((entry) => join(entry.parentPath, entry.name)).sort();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []; // a slot never used
    throw cause;
  }
}
