import { randomFillSync } from 'node:crypto';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../processes/run.ts';

const MIB = 1_024 * 1_024;

/** An image to publish, and the targets that a device writes it to. */
export interface BigImage {
  readonly artifact: string;
  readonly bytes: number;
}

/** Noise without holes: zeros would flatter whoever skips them. */
export async function writeBigImage(folder: string, mebibytes: number): Promise<BigImage> {
  const artifact = join(folder, `${mebibytes}-mib.img`);
  const file = await open(artifact, 'w');
  try {
    const block = Buffer.alloc(MIB);
    for (let written = 0; written < mebibytes; written += 1) {
      await file.write(randomFillSync(block));
    }
  } finally {
    await file.close();
  }
  return { artifact, bytes: mebibytes * MIB };
}

/** Empty files as the targets of both slots. */
export async function writeTargets(folder: string): Promise<{ a: string; b: string }> {
  await mkdir(folder, { recursive: true });
  const targets = { a: join(folder, 'image-a'), b: join(folder, 'image-b') };
  for (const path of Object.values(targets)) await writeFile(path, '');
  return targets;
}

/** Seconds of `cp` and `sync` of the same file: what writing it once costs this disk. */
export async function copySeconds(image: BigImage, folder: string): Promise<number> {
  const copy = join(folder, 'copy');
  const startedAt = performance.now();
  const { code } = await run(['bash', '-c', 'cp "$0" "$1" && sync "$1"', image.artifact, copy]);
  const seconds = (performance.now() - startedAt) / 1_000;
  if (code !== 0) throw new Error('cp failed');
  await rm(copy);
  return seconds;
}
