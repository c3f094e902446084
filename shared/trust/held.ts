import { Refusal } from './refusal.ts';

/**
 * What `check` says of a copy of ours, or nothing when it no longer holds: a stored file that
 * expired, tore or lost its delegation is fetched again. Only a refusal of *fetched* bytes ends an
 * update.
 */
export function held<T>(check: () => T): T | undefined {
  try {
    return check();
  } catch (cause) {
    if (cause instanceof Refusal) return undefined;
    throw cause;
  }
}
