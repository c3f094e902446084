import type { World } from '../world.ts';

const STEP_PERCENT = 10;

/**
 * Says how far long work got: redrawn in place for a person, a line every tenth for a log. Work that
 * is done at once says nothing.
 */
export function progressOf(world: World, label: string): (done: number, total: number) => void {
  let last = 0;
  return (done, total) => {
    const percent = total === 0 ? 100 : Math.floor((done * 100) / total);
    const isNews = world.isTerminal ? percent > last : percent >= last + STEP_PERCENT;
    if (!isNews || (last === 0 && percent === 100)) return;
    last = percent;
    const line = `${label}: ${percent}% of ${sizeOf(total)}`;
    if (world.isTerminal) world.note(`\r\u001b[K${line}${percent === 100 ? '\n' : ''}`);
    else world.note(`${line}\n`);
  };
}

/** A count of bytes for people. */
export function sizeOf(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${(bytes / 1_024).toFixed(1)} KiB`;
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
