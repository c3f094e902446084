import { rm, writeFile } from 'node:fs/promises';
import { runTool } from '../fetch-real-firmware/run-tool.ts';
import type { Behaviour } from './init.ts';

/** What tells one root file system of the board from another. */
export interface Variant {
  readonly version: string;
  readonly behaviour: Behaviour;
}

/** Copies an ext4 image and gives the copy another version and behaviour, without mounting it. */
export async function writeVariant(from: string, to: string, variant: Variant): Promise<void> {
  await runTool('cp', ['--sparse=always', from, to]);
  for (const name of ['version', 'behaviour'] as const) {
    const file = `${to}.${name}`;
    await writeFile(file, `${variant[name]}\n`);
    const path = `/etc/sealift/${name}`;
    await runTool('debugfs', ['-w', '-R', `rm ${path}`, to]);
    await runTool('debugfs', ['-w', '-R', `write ${file} ${path}`, to]);
    // It ends with 0 whatever happened.
    const now = await runTool('debugfs', ['-R', `cat ${path}`, to]);
    if (now.trim() !== variant[name]) throw new Error(`debugfs did not write ${path}: ${now}`);
    await rm(file);
  }
}
