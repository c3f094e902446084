import { isOfPlatform } from '../platform-error.ts';
import type { Slot } from '../state/agent-state.ts';
import type { BootControl } from './boot-control.ts';

/**
 * The running slot for whoever only tells of it: a report leaves although the boot loader cannot be
 * asked. Whoever is about to write a slot asks `current` itself, and fails.
 */
export async function currentOrNone(boot: Pick<BootControl, 'current'>): Promise<Slot | undefined> {
  try {
    return await boot.current();
  } catch (cause) {
    if (isOfPlatform(cause)) return undefined;
    throw cause;
  }
}
