import { readFile } from 'node:fs/promises';
import { unrestorable } from '../../shared/release/restore.ts';
import { hasTool } from './tool-blocks.ts';

/** Where to look for what this process may and has. */
export interface Ability {
  /** Its own `/proc/self/status`. */
  readonly statusFile: string;
  /** Where the system's programs are, as in `PATH`. */
  readonly toolPath: string;
}

/** Bits of `CapEff`: CHOWN, DAC_OVERRIDE, FOWNER and FSETID; SETFCAP. */
const NEEDED: Readonly<Record<string, bigint>> = { owners: 0x1bn, xattrs: 0x8000_0000n };

/** Refuses what this device could download but never restore. */
export async function requireRestorable(
  restore: readonly string[],
  ability: Ability,
): Promise<void> {
  if (restore.length === 0) return;
  const status = await readFile(ability.statusFile, 'utf8');
  const [, may = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  for (const word of restore) {
    const needed = NEEDED[word] ?? -1n; // nobody may do what is not known
    if ((BigInt(`0x${may}`) & needed) === needed) continue;
    throw unrestorable(
      `${word} can only be restored by an agent that runs as root, this one may not`,
    );
  }
  if (!restore.includes('xattrs')) return;
  for (const tool of ['getfattr', 'setfattr']) {
    if (await hasTool(tool, ability.toolPath)) continue;
    throw unrestorable(`xattrs take the program ${tool}, which this system does not have`);
  }
}
