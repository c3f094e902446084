import { readFile } from 'node:fs/promises';

/** Bytes that a process has read and written so far, whatever of it came from a cache. */
export interface Traffic {
  readonly read: number;
  readonly written: number;
}

/** What the kernel counted for a process: for QEMU nearly all of it is the board's disk. */
export async function trafficOf(pid: number): Promise<Traffic> {
  const text = await readFile(`/proc/${pid}/io`, 'utf8');
  const count = (name: string): number =>
    Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return { read: count('rchar'), written: count('wchar') };
}
