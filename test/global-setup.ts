import { buildFacts } from '../scripts/build/build-facts.ts';
import { buildProgram } from '../scripts/build/build-program.ts';
import { PROGRAMS } from '../scripts/build/programs.ts';

/** Before the first test: the programs, so that tests of processes run what ships. */
export default async function setup(): Promise<void> {
  const facts = await buildFacts();
  await Promise.all(PROGRAMS.map((program) => buildProgram(program, facts)));
}
