import { buildAll } from '../../scripts/build/build-all.ts';

/**
 * Once for all tests that start programs: as they ship, from the sources of now, and four times as
 * quick to start as the sources themselves.
 */
export default async function setup(): Promise<void> {
  await buildAll();
}
