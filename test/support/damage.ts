import { readFile, rm, writeFile } from 'node:fs/promises';

/** Turns one bit of a file over. From its end, where `at` is negative. */
export async function flipBit(path: string, at: number, bit = 0): Promise<void> {
  const bytes = await readFile(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
  await writeFile(path, bytes);
}

/** A way in which a disk spoils one file. */
export type Damage = readonly [name: string, spoil: (path: string) => Promise<void>];

const halfWay = async (path: string): Promise<number> =>
  Math.floor((await readFile(path)).length / 2);

/** What disks do to files. Flipped bits: one that keeps a letter a letter, and one that does not. */
export const DAMAGES: readonly Damage[] = [
  ['lost', (path) => rm(path)],
  ['empty', (path) => writeFile(path, '')],
  [
    'torn',
    async (path) => writeFile(path, (await readFile(path)).subarray(0, await halfWay(path))),
  ],
  ['full of noise', (path) => writeFile(path, Buffer.alloc(500, 0xa5))],
  ['full of zeros', async (path) => writeFile(path, Buffer.alloc((await readFile(path)).length))],
  ['changed in its first byte', (path) => flipBit(path, 0)],
  ['changed in its middle', async (path) => flipBit(path, await halfWay(path))],
  ['changed in its middle beyond ASCII', async (path) => flipBit(path, await halfWay(path), 7)],
  ['changed near its end', (path) => flipBit(path, -4, 1)],
];
