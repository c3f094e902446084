import type { Director } from './director-store.ts';

export interface RenewDeps {
  readonly renewSome: Director['renewSome'];
  /** Sends devices their new word, once it is stored. */
  readonly announce: (deviceIds: readonly string[]) => Promise<void>;
}

// A batch holds the database for some 50 ms: short enough for a report to wait.
const BATCH = 200;

/**
 * Signs every bundle anew that is half way to its expiry, in batches. Answers how many. A day of trouble
 * with this task costs nothing: a device that asks is signed for at once.
 */
export async function renewBundles({ renewSome, announce }: RenewDeps): Promise<number> {
  let renewed = 0;
  for (;;) {
    const deviceIds = await renewSome(BATCH);
    await announce(deviceIds);
    renewed += deviceIds.length;
    if (deviceIds.length < BATCH) return renewed;
  }
}
