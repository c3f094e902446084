import type { Sighting, Sightings } from './sightings.ts';

export interface SightingsTaskDeps {
  readonly sightings: Sightings;
  readonly save: (sightings: ReadonlyMap<string, Sighting>) => Promise<void>;
  /** A write failed; the next one tells the truth again. */
  readonly failed: (cause: unknown) => void;
}

const EVERY_MILLISECONDS = 1_000;

/** Writes sightings once a second. `stop` writes what is left. */
export function startSightings(deps: SightingsTaskDeps): { readonly stop: () => Promise<void> } {
  const write = (): Promise<void> => writeAll(deps).catch(deps.failed);
  let writing = Promise.resolve();
  const timer = setInterval(() => {
    writing = writing.then(write);
  }, EVERY_MILLISECONDS);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await writing;
      await write();
    },
  };
}

async function writeAll({ sightings, save }: SightingsTaskDeps): Promise<void> {
  for (;;) {
    const taken = sightings.take();
    if (taken.size === 0) return;
    await save(taken);
  }
}
