import type { Landed } from './landed.ts';

/** One power cut, and what came of it. */
export interface Cut {
  /** What the rig waited for. */
  readonly aimedAt: string;
  /** Where the board stood when the power went. */
  readonly landed: Landed;
  /** What booted afterwards. */
  readonly slot: string;
  readonly version: string;
}

/** How many cuts fell where; all of them ended well, or there would be no tally. */
export function tallyOf(cuts: readonly Cut[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { landed } of cuts) counts.set(landed, (counts.get(landed) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, left], [, right]) => right - left));
}

/** The tally in words. */
export function tallyText(tally: Readonly<Record<string, number>>): string {
  return Object.entries(tally)
    .map(([where, count]) => `${where} ${count}`)
    .join(', ');
}
