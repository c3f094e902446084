import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Keeper } from '../processes/keeper.ts';

/** Memory of a process in MB (10^6 bytes), as Linux counts it. */
export interface Memory {
  readonly residentMb: number;
  /** The highest since the last {@link forgetPeak}. */
  readonly peakMb: number;
}

/** Reads what a process uses now and at most. */
export async function memoryOf(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return { residentMb: field(status, 'VmRSS'), peakMb: field(status, 'VmHWM') };
}

/** Lets the peak begin anew at what is used now (proc(5), clear_refs). */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

/** What Node uses alone, doing nothing: the floor under everything that is written for it. */
export async function bareNodeMb(keeper: Keeper, settleMilliseconds: number): Promise<number> {
  const bare = keeper.start('bare', [process.execPath, '-e', 'setInterval(()=>{},1e6)']);
  await pause(settleMilliseconds);
  const { residentMb } = await memoryOf(bare.pid);
  await bare.stop();
  return residentMb;
}

function field(status: string, name: string): number {
  const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status) ?? [];
  if (kibibytes === undefined) throw new Error(`no ${name} in /proc: this needs Linux`);
  return (Number(kibibytes) * 1_024) / 1_000_000;
}
