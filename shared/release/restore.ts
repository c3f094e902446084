import * as z from 'zod/mini';
import { Refusal } from '../trust/refusal.ts';

const RESTORABLE = ['owners', 'xattrs'] as const;

/**
 * What a release asks to have restored of its archive beyond content, mode and links: `owners` (and
 * with them setuid, setgid and sticky bits), `xattrs` (extended attributes, file capabilities).
 */
export const Restore = z.array(z.enum(RESTORABLE));
export type Restore = readonly (typeof RESTORABLE)[number][];

/** What is restored of one entry, as far as its release asks for it. */
export interface Rights {
  readonly owner?: readonly [uid: number, gid: number] | undefined;
  /** `NAME=0xHEX` each, sorted: as getfattr prints them and setfattr reads them. */
  readonly xattrs?: readonly string[] | undefined;
}

/** An archive asks for, or brings, what is not restored. */
export function unrestorable(what: string): Refusal {
  return new Refusal('restore_unsupported', what);
}
