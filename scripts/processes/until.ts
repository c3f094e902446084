import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait, and who may end the waiting. */
export interface Patience {
  /** What is waited for, as the end of "waited 20 s for ...". */
  readonly what: string;
  readonly seconds: number;
  readonly interrupted: AbortSignal;
}

const EVERY_MILLISECONDS = 100;

/** Asks again and again until there is an answer, and gives up with a sentence after its time. */
export async function until<T>(
  { what, seconds, interrupted }: Patience,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await pause(EVERY_MILLISECONDS, undefined, { signal: interrupted });
  }
}
