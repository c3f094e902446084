import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's top folder. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A path given from the top folder. */
export function fromRoot(...parts: readonly string[]): string {
  return join(ROOT, ...parts);
}
