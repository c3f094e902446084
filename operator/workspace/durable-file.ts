import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces `path` so that after a power cut it holds either the old bytes or the new ones: write
 * aside, flush, rename, flush the folder. Only the owner may read it.
 */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await writeAside(path, bytes, (aside) => rename(aside, path));
}

/** As {@link writeDurably}, but fails with EEXIST rather than replace what is there. */
export async function createDurably(path: string, bytes: Uint8Array): Promise<void> {
  await writeAside(path, bytes, (aside) => link(aside, path)); // link, unlike rename, never replaces
}

async function writeAside(
  path: string,
  bytes: Uint8Array,
  place: (aside: string) => Promise<void>,
): Promise<void> {
  const aside = `${path}.${process.pid}.partial`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await writeAndFlush(aside, bytes);
    await place(aside);
  } finally {
    await rm(aside, { force: true });
  }
  await flushFolder(dirname(path));
}

async function writeAndFlush(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
