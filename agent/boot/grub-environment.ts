import { copyFile, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sha256Hex } from '../../shared/crypto/digest.ts';
import { flushFolder, hasCode, readIfThere, writeDurably } from '../install/durable-file.ts';
import type { BootTool } from './boot-tool.ts';
import { BootTrouble, requireWritten } from './boot-trouble.ts';

/** GRUB's environment block. */
export interface GrubEnvironment {
  readonly read: () => Promise<ReadonlyMap<string, string>>;
  /** All of them at once, or none; nothing is written where they are so already. */
  readonly write: (changes: Readonly<Record<string, string>>) => Promise<void>;
}

const SIGNATURE = '# GRUB Environment Block\n';
const BLOCK_BYTES = 1_024; // GRUB writes in place and never lets it grow

/**
 * The block at `path` through `grub-editenv`. That tool empties the file before it writes: so it
 * works on a copy, which takes the place of the block when it is whole. A second copy with its
 * checksum stays beside it, for a block that a power cut spoiled under GRUB's own hands.
 */
export function grubEnvironment(path: string, run: BootTool): GrubEnvironment {
  const spare = `${path}.sealift`;
  const list = async (file: string): Promise<ReadonlyMap<string, string>> =>
    variablesOf(await run(['grub-editenv', file, 'list']));
  const read = async (): Promise<ReadonlyMap<string, string>> => {
    await mendBlock(path, spare);
    return list(path);
  };
  return {
    read,
    write: async (changes) => {
      const before = await read();
      const pairs = Object.entries(changes);
      if (pairs.every(([name, value]) => before.get(name) === value)) return;
      const aside = `${path}.partial`;
      try {
        await copyFile(path, aside);
        await run([
          'grub-editenv',
          aside,
          'set',
          ...pairs.map(([name, value]) => `${name}=${value}`),
        ]);
        const after = await list(aside);
        for (const [name, value] of pairs) requireWritten(name, value, after.get(name));
        await takePlace(aside, path);
      } finally {
        await rm(aside, { force: true });
      }
      await keepSpare(path, spare);
    },
  };
}

async function takePlace(aside: string, path: string): Promise<void> {
  const file = await open(aside, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  await flushFolder(dirname(path));
}

async function keepSpare(path: string, spare: string): Promise<void> {
  const block = await readIfThere(path);
  if (block === undefined) return;
  await writeDurably(spare, Buffer.concat([Buffer.from(`${sha256Hex(block)}\n`), block]));
}

/** A block that GRUB could not read either is replaced by the last one that we wrote. */
async function mendBlock(path: string, spare: string): Promise<void> {
  if (isWhole(await readBlock(path))) return;
  const kept = await readIfThere(spare);
  const block = kept?.subarray(65);
  if (
    block === undefined ||
    !isWhole(block) ||
    kept?.toString('latin1', 0, 64) !== sha256Hex(block)
  ) {
    throw new BootTrouble(
      'boot_environment_damaged',
      `${path} is no environment block of GRUB, and there is no whole copy of it`,
    );
  }
  await writeDurably(path, block);
}

async function readBlock(path: string): Promise<Buffer | undefined> {
  try {
    return await readIfThere(path);
  } catch (cause) {
    if (!hasCode(cause, 'EISDIR')) throw cause;
    throw new BootTrouble('boot_environment_damaged', `${path} is a folder`, { cause });
  }
}

function isWhole(block: Buffer | undefined): boolean {
  return block?.length === BLOCK_BYTES && block.toString('latin1').startsWith(SIGNATURE);
}

function variablesOf(text: string): ReadonlyMap<string, string> {
  const pairs = text
    .split('\n')
    .filter((line) => line.indexOf('=') > 0)
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
  return new Map(pairs);
}
