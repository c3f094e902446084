import { buildAll } from '../scripts/build/build-all.ts';

/** Before the first test: the programs, so that tests of processes run what ships. */
export default async function setup(): Promise<void> {
  await buildAll();
}
